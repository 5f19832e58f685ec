import { assert } from "./assert.ts";
import { bindLibc, callbackPointer, eventLoop, pointerTo } from "./libc.ts";

// Node polls descriptors that it reads from itself, and no others. libuv, which is a part of it, polls any socket (uv_poll_t);
// these are its exported functions.
const UV_POLL = 8;
const UV_READABLE = 1;

const uv = bindLibc({
  uv_handle_size: { arguments: ["int32"], return: "uint64" },
  uv_poll_init: { arguments: ["pointer", "pointer", "int32"], return: "int32" },
  uv_poll_start: { arguments: ["pointer", "int32", "pointer"], return: "int32" },
  uv_close: { arguments: ["pointer", "pointer"], return: "void" },
});

/** Every handle that libuv knows, by its address: its memory must stay until libuv has let go of it. */
const handles = new Map<bigint, { readonly memory: Uint8Array; readonly watch: ReadWatch }>();
let callbacks: { readonly ready: bigint; readonly closed: bigint } | undefined;

/** Tells when a socket has something to read, level-triggered. The descriptor stays its owner's, who closes it after the watch. */
export class ReadWatch {
  readonly #handle: bigint;
  readonly #onReadable: () => void;
  #due: boolean = false;
  #closed: boolean = false;

  /** `onReadable` is called from the event loop, never from within a call of ours. */
  constructor(fd: number, onReadable: () => void) {
    this.#onReadable = onReadable;
    callbacks ??= {
      ready: callbackPointer({ arguments: ["pointer", "int32", "int32"], return: "void" }, (handle) => {
        const watch = handles.get(handle)?.watch;
        if (watch !== undefined) watch.#ready();
      }),
      closed: callbackPointer({ arguments: ["pointer"], return: "void" }, (handle) => {
        handles.delete(handle);
      }),
    };
    const memory = new Uint8Array(Number(uv.uv_handle_size(UV_POLL)));
    this.#handle = pointerTo(memory);
    const opened = uv.uv_poll_init(eventLoop(), this.#handle, fd);
    assert(opened === 0, `uv_poll_init() of descriptor ${fd} gave ${opened}`);
    handles.set(this.#handle, { memory, watch: this });
    const started = uv.uv_poll_start(this.#handle, UV_READABLE, callbacks.ready);
    assert(started === 0, `uv_poll_start() of descriptor ${fd} gave ${started}`);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    uv.uv_close(this.#handle, callbacks!.closed);
  }

  /** From libuv: what may throw, and what promises come of it, is for a turn of Node's own. */
  #ready(): void {
    if (this.#due) return;
    this.#due = true;
    setImmediate(() => {
      this.#due = false;
      if (!this.#closed) this.#onReadable();
    });
  }
}
