import ffi from "node:ffi";

/**
 * The one place that reaches native code: functions of the C library, bound by signature. Everything that holds a bound
 * function must check what it passes, since a wrong pointer is silent damage.
 */
type NativeType = "int32" | "uint32" | "int64" | "uint64" | "pointer";
type Values = { int32: number; uint32: number; int64: bigint; uint64: bigint; pointer: bigint; void: undefined };

export interface Signature {
  readonly arguments: readonly NativeType[];
  readonly return: NativeType | "void";
}

export interface CallbackSignature {
  readonly arguments: readonly NativeType[];
  readonly return: "void";
}

type Arguments<T extends readonly NativeType[]> = { -readonly [I in keyof T]: Values[T[I]] };

type Bound<S extends Signature> = (...args: Arguments<S["arguments"]>) => Values[S["return"]];

/** Binds functions of the C library that this process already has loaded. */
export function bindLibc<const T extends Record<string, Signature>>(
  signatures: T,
): { readonly [K in keyof T]: Bound<T[K]> } {
  return ffi.dlopen(null, signatures as never).functions as never;
}

// Its callbacks are freed with it.
const callbacks = ffi.dlopen(null, {}).lib;

/**
 * A pointer to a function that native code may call, on this thread only. It must not throw. It is never given back: make few.
 */
export function callbackPointer<const S extends CallbackSignature>(
  signature: S,
  callback: (...args: Arguments<S["arguments"]>) => void,
): bigint {
  return callbacks.registerCallback(signature as never, callback as never) as never;
}

/** libuv's loop of this thread (`uv_loop_t *`). */
export function eventLoop(): bigint {
  return ffi.getCurrentEventLoop() as never;
}

const { __errno_location: errnoLocation } = bindLibc({ __errno_location: { arguments: [], return: "pointer" } });
// Mapped once: it stays where it is as long as the thread lives. Asking for it after a call that failed would make V8
// allocate, and a garbage collection at that moment leaves an errno of its own (EAGAIN, of a futex).
const errno = new Int32Array(memoryAt(errnoLocation(), 4));

/** `errno` of the calling thread, to be read right after a call that failed. */
export function lastErrno(): number {
  return errno[0] as number;
}

/**
 * The address of a buffer's first byte. It is valid as long as the buffer is reachable and not detached: keep the buffer
 * in a variable that outlives the native call.
 */
export function pointerTo(buffer: ArrayBuffer | ArrayBufferView): bigint {
  return ffi.getRawPointer(buffer as never);
}

/** Memory that native code handed out, such as a mapping. It must stay mapped as long as the buffer is reachable. */
export function memoryAt(pointer: bigint, bytes: number): ArrayBuffer {
  return ffi.toArrayBuffer(pointer as never, bytes, false) as ArrayBuffer;
}
