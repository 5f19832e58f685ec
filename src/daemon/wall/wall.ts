import { WarrenError } from "../../base/errors.ts";
import { connectorUser, lackingPieces, type PieceName, workerUser } from "./pieces.ts";

/** `auto`: what can be had; `require`: all or no start; `off`: none, to find faults of Warren. */
export type WallMode = "auto" | "require" | "off";

/** The pieces that stand around a worker. `user`: it does not run as root. */
export type WallState = Readonly<Record<PieceName, boolean>>;

/** What the daemon's workers are put behind, and the processes that check programs. */
export interface Wall {
  readonly mode: WallMode;
  readonly state: WallState;
  /** Whom they become; undefined when they stay what the daemon is. */
  readonly user: number | undefined;
  /** Each piece that is missing, as `wall.landlock: reason`, and why. */
  readonly missing: readonly string[];
}

/** Decides by what this machine has. Throws `wall.missing` when all is required and something lacks. */
export function buildWall(mode: WallMode): Wall {
  const root = process.geteuid?.() === 0;
  if (mode === "off")
    return {
      mode,
      state: { user: !root, landlock: false, seccomp: false },
      user: undefined,
      missing: [
        "the wall around workers is off (--wall=off): a guest that breaks out of its sandbox has the daemon's rights",
      ],
    };
  const lacks = lackingPieces();
  const names = Object.keys(lacks) as PieceName[];
  const missing = names.flatMap((name) => {
    const lack = lacks[name];
    return lack === undefined ? [] : [{ name, ...lack }];
  });
  const [first] = missing;
  if (mode === "require" && first !== undefined)
    throw new WarrenError(
      "wall.missing",
      `the wall around workers is not whole: ${missing.map(({ name, reason }) => `wall.${name}: ${reason}`).join("; ")}`,
      { hint: `${first.advice}; or start with --wall=auto to go without` },
    );
  return {
    mode,
    state: {
      user: lacks.user === undefined,
      landlock: lacks.landlock === undefined,
      seccomp: lacks.seccomp === undefined,
    },
    user: root && lacks.user === undefined ? workerUser : undefined,
    missing: missing.map(({ name, reason, advice }) => `wall.${name}: ${reason}; ${advice}`),
  };
}

/** The connector's: the same, with a user of its own. */
export function connectorWall(wall: Wall): Wall {
  return wall.user === undefined ? wall : { ...wall, user: connectorUser };
}
