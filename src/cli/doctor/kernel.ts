import { closeSync } from "node:fs";
import { release } from "node:os";
import { type Finding, fail, ok, warn } from "./finding.ts";

// Numbers of system calls: arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h (arm64). Those
// from 424 on are the same everywhere.
const memfdCreate = process.arch === "x64" ? 319n : 279n;
const pidfdOpen = 434n;
const openat2 = 437n;

const currentFolder = -100n; // AT_FDCWD, linux/fcntl.h
const resolveBeneath = 8n; // RESOLVE_BENEATH, linux/openat2.h
const pathOnly = 0o10000000n; // O_PATH

/** What Warren's sandbox asks of Node and the kernel. */
export async function checkRuntime(): Promise<Finding[]> {
  const found: Finding[] = [];
  const major = Number(process.versions.node.split(".")[0]);
  found.push(
    major >= 26
      ? ok("node", `${process.version} (${process.execPath})`)
      : fail(
          "node",
          `${process.version} (${process.execPath})`,
          "install Node.js 26 or later, or start Warren by ./warren, which brings its own",
        ),
  );
  if (process.platform !== "linux") {
    return [...found, fail("system", `${process.platform} ${release()}`, "Warren serves on Linux")];
  }
  found.push(ok("system", `Linux ${release()} ${process.arch}`));
  try {
    return [...found, ok("ffi", "calls the C library"), ...(await checkKernel())];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [
      ...found,
      fail("ffi", message, "use a build of Node.js 26 with node:ffi, on glibc; NODE_OPTIONS must not forbid it"),
    ];
  }
}

async function checkKernel(): Promise<Finding[]> {
  const { bindLibc, pointerTo } = await import("../../base/libc.ts");
  const { syscall } = bindLibc({
    syscall: { arguments: ["int64", "int64", "int64", "int64", "int64"], return: "int64" },
  });
  const descriptor = (name: string, result: bigint, missing: Finding): Finding => {
    if (result < 0n) return missing;
    closeSync(Number(result));
    return ok(name, "available");
  };

  const path = Buffer.from(".\0");
  // struct open_how: flags, mode, resolve.
  const how = new BigUint64Array([pathOnly, 0n, resolveBeneath]);
  const empty = Buffer.from("warren\0");
  return [
    descriptor(
      "openat2",
      syscall(openat2, currentFolder, pointerTo(path), pointerTo(how), BigInt(how.byteLength)),
      warn(
        "openat2",
        "not available",
        "files of guests take a slower way; Linux 5.6 has it, but a container's seccomp profile may forbid it",
      ),
    ),
    ...(await checkWall()),
    descriptor(
      "memfd",
      syscall(memfdCreate, pointerTo(empty), 1n, 0n, 0n),
      warn("memfd", "not available", "sleeping services cannot be mapped; Linux 3.17 has it"),
    ),
    descriptor(
      "pidfd",
      syscall(pidfdOpen, BigInt(process.pid), 0n, 0n, 0n),
      warn("pidfd", "not available", "the end of workers is found more slowly; Linux 5.3 has it"),
    ),
  ];
}

/** What would stand around the workers of a daemon that this user starts. */
async function checkWall(): Promise<Finding[]> {
  const { lackingPieces, workerUser } = await import("../../daemon/wall/pieces.ts");
  const { user, landlock, seccomp } = lackingPieces();
  const effect = "workers go without this wall, and --wall=require does not start";
  const finding = (check: string, lack: typeof user, found: string): Finding =>
    lack === undefined ? ok(check, found) : warn(check, lack.reason, `${effect}; ${lack.advice}`);
  const uid = process.geteuid?.() ?? 0;
  return [
    finding(
      "wall.user",
      user,
      uid === 0 ? `workers run as user ${workerUser}` : `workers run as user ${uid}, as the daemon`,
    ),
    finding("wall.landlock", landlock, "workers reach the files of their mounts only"),
    finding("wall.seccomp", seccomp, "workers make the system calls of a list only"),
  ];
}
