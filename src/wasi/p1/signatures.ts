import { wamrOptionTypes } from "./wamr-option-types.ts";

/**
 * Every function of wasi_snapshot_preview1 that we have, by name and by the types of its parameters (`i` for i32, `I` for
 * i64; all but proc_exit give an i32 back): the function that is bound to it. Socket dialects share names and differ in
 * their types only, so the types choose. `suspends` marks what may wait, which must be called through JSPI.
 */
interface Bound {
  readonly key: string;
  readonly suspends: boolean;
}

const plain: Readonly<Record<string, string>> = {
  args_get: "ii",
  args_sizes_get: "ii",
  environ_get: "ii",
  environ_sizes_get: "ii",
  clock_res_get: "ii",
  clock_time_get: "iIi",
  fd_advise: "iIIi",
  fd_allocate: "iII",
  fd_close: "i",
  fd_fdstat_get: "ii",
  fd_fdstat_set_flags: "ii",
  fd_fdstat_set_rights: "iII",
  fd_filestat_get: "ii",
  fd_filestat_set_size: "iI",
  fd_filestat_set_times: "iIIi",
  fd_prestat_get: "ii",
  fd_prestat_dir_name: "iii",
  fd_readdir: "iiiIi",
  fd_renumber: "ii",
  fd_seek: "iIii",
  fd_tell: "ii",
  path_create_directory: "iii",
  path_filestat_get: "iiiii",
  path_filestat_set_times: "iiiiIIi",
  path_link: "iiiiiii",
  path_open: "iiiiiIIii",
  path_readlink: "iiiiii",
  path_remove_directory: "iii",
  path_rename: "iiiiii",
  path_symlink: "iiiii",
  path_unlink_file: "iii",
  proc_exit: "i",
  proc_raise: "i",
  sock_shutdown: "ii",
  // WasmEdge's and WAMR's dialects.
  sock_listen: "ii",
  // WasmEdge's.
  sock_getsockopt: "iiiii",
  sock_setsockopt: "iiiii",
  // WAMR's.
  sock_addr_local: "ii",
  sock_addr_remote: "ii",
  sock_close: "i",
  ...wamrOptionTypes,
  // Warren's own.
  warren_signal_action: "ii",
  warren_signal_open: "i",
};

const suspending: Readonly<Record<string, string>> = {
  fd_sync: "i",
  fd_pwrite: "iiiIi",
  fd_pread: "iiiIi",
  fd_datasync: "i",
  fd_read: "iiii",
  fd_write: "iiii",
  poll_oneoff: "iiii",
  random_get: "ii",
  sched_yield: "",
  sock_accept: "iii",
  sock_recv: "iiiiii",
  sock_send: "iiiii",
  epoll_oneoff: "iiii",
  sock_addr_resolve: "iiiiii",
  sock_getaddrinfo: "iiiiiiii",
};

/** What the dialects call by the same name: WasmEdge's two versions, and WAMR's. */
const versions: Readonly<Record<string, Readonly<Record<string, Bound>>>> = {
  sock_accept: { ii: { key: "sock_accept_v1", suspends: true } },
  sock_bind: { iii: { key: "sock_bind", suspends: false }, ii: { key: "sock_bind_wamr", suspends: false } },
  sock_connect: { iii: { key: "sock_connect", suspends: true }, ii: { key: "sock_connect_wamr", suspends: true } },
  sock_open: { iii: { key: "sock_open", suspends: false }, iiii: { key: "sock_open_wamr", suspends: false } },
  sock_send_to: {
    iiiiiii: { key: "sock_send_to", suspends: true },
    iiiiii: { key: "sock_send_to_wamr", suspends: true },
  },
  sock_recv_from: {
    iiiiii: { key: "sock_recv_from_wamr", suspends: true },
    iiiiiii: { key: "sock_recv_from_v1", suspends: true },
    iiiiiiii: { key: "sock_recv_from_v2", suspends: true },
  },
  sock_getlocaladdr: {
    iiii: { key: "sock_getlocaladdr_v1", suspends: false },
    iii: { key: "sock_getlocaladdr_v2", suspends: false },
  },
  sock_getpeeraddr: {
    iiii: { key: "sock_getpeeraddr_v1", suspends: false },
    iii: { key: "sock_getpeeraddr_v2", suspends: false },
  },
};

/** What an import is bound to; undefined when there is nothing by that name and type. */
export function resolveImport(name: string, params: string, results: string): Bound | undefined {
  if (results !== (name === "proc_exit" ? "" : "i")) return undefined;
  if (Object.hasOwn(plain, name) && plain[name] === params) return { key: name, suspends: false };
  if (Object.hasOwn(suspending, name) && suspending[name] === params) return { key: name, suspends: true };
  const byParams = Object.hasOwn(versions, name) ? versions[name]! : {};
  return Object.hasOwn(byParams, params) ? byParams[params] : undefined;
}

/** Every function, each version of a dialect's by itself. */
export function everyFunction(): { name: string; params: string; results: string }[] {
  const listed = [...Object.entries(plain), ...Object.entries(suspending)];
  for (const [name, byParams] of Object.entries(versions)) {
    for (const params of Object.keys(byParams)) listed.push([name, params]);
  }
  return listed.map(([name, params]) => ({ name, params, results: name === "proc_exit" ? "" : "i" }));
}
