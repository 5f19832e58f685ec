import { assert } from "../base/assert.ts";
import { formatMs } from "../base/spent.ts";
import { type Clocks, SystemClocks } from "../wasi/clocks.ts";
import type { Descriptor } from "../wasi/descriptor.ts";
import { DescriptorTable } from "../wasi/descriptor-table.ts";
import { MemoryFiles } from "../wasi/files/memory-files.ts";
import { openMounts } from "../wasi/files/mount.ts";
import { CpuMeter, GuestThread } from "../wasi/guest-thread.ts";
import type { Host } from "../wasi/p1/host.ts";
import { GuestMemory } from "../wasi/p1/memory.ts";
import { systemRandom } from "../wasi/random.ts";
import { Connection } from "../wasi/sockets/connection.ts";
import { DatagramSocket } from "../wasi/sockets/datagram.ts";
import { Dialler } from "../wasi/sockets/dialler.ts";
import { ListenerSocket } from "../wasi/sockets/listener-socket.ts";
import type { VirtualListener } from "../wasi/sockets/virtual-listener.ts";
import { VirtualNetwork } from "../wasi/sockets/virtual-network.ts";
import { InputStream, OutputStream } from "../wasi/stdio.ts";
import { uncatchableError } from "../wasi/uncatchable.ts";
import type { Burst, CpuTerms } from "./cpu/preemption.ts";
import { describeExit, type Exit } from "./exit.ts";
import { type GuestOptions, guestArguments, guestEnvironment } from "./guest-options.ts";
import type { Program } from "./launch.ts";
import { MemoryAccount } from "./memory-account.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { framesMax, trapOf } from "./trap.ts";

/** Where a guest's own sockets seem to be. */
const guestIp = "127.0.0.1";

/**
 * Starts a program; it begins to run once the caller's code is done. Throws `args.invalid`, `env.invalid`,
 * `limits.address-space`, `worker.memory-budget` and what opening the mounts throws; what the guest itself does wrong is in {@link Instance.exited}.
 *
 * The start section of a module that is not interruptible runs outside of JSPI: it may call what never waits, and traps at
 * fd_write and the like.
 */
export function startInstance(program: Program, options: GuestOptions): Instance {
  const instance = new Instance(program, options);
  instance.begin();
  return instance;
}

/** One run of a program. */
export class Instance {
  /** How it ended; never rejects. Everything it held was let go of by then. */
  readonly exited: Promise<Exit>;
  readonly #program: Program;
  readonly #cpu: CpuTerms | undefined;
  /** Until the end: it holds the guest's memory. */
  #host: Host | undefined;
  readonly #thread: GuestThread;
  readonly #table: DescriptorTable;
  readonly #account: MemoryAccount;
  readonly #budget: MemoryBudget | undefined;
  readonly #network: VirtualNetwork;
  readonly #dialler: Dialler;
  readonly #settle: (exit: Exit) => void;
  #state: "new" | "running" | "ended" = "new";
  /** How it is ending: proc_exit was called, and the stack unwinds. */
  #exiting: Exit | undefined;
  /** At its end. */
  #memoryBytes = 0;
  readonly #listening = Promise.withResolvers<boolean>();

  constructor(program: Program, options: GuestOptions) {
    this.#program = program;
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.exited = promise;
    this.#settle = resolve;
    const args = guestArguments(options);
    const env = guestEnvironment(options);
    const clocks = options.clocks ?? new SystemClocks();
    this.#cpu = options.cpu;
    this.#cpu?.preemption.addressSpace.check(program.memoryCount);
    const pacer = options.cpu?.preemption.pacer(options.cpu.share);
    this.#thread = new GuestThread(clocks, options.meter ?? new CpuMeter(), options.number, pacer);
    this.#table = new DescriptorTable(
      options.descriptorsMax === undefined ? {} : { descriptorsMax: options.descriptorsMax },
    );
    this.#account = new MemoryAccount(program.memoryMax, this.#table);
    this.#network = new VirtualNetwork({
      hasRoom: (waiting) => this.#account.hasRoom(waiting),
      openWork: () => this.#thread.work.open(),
    });
    this.#network.onListen = (port, protocol) => {
      this.#listening.resolve(true);
      options.onListen?.(port, protocol);
    };
    this.#dialler = new Dialler(this.#network, options.outbound);
    this.#dialler.onRefused = options.onRefused;
    this.#budget = options.budget;
    this.#budget?.check(program.initialBytes);
    const handed = this.#open(options, clocks);
    this.#budget?.admit(this.#account, program.initialBytes);
    this.#host = {
      table: this.#table,
      memory: new GuestMemory(),
      thread: this.#thread,
      clocks,
      random: options.random ?? systemRandom,
      network: this.#network,
      dialler: this.#dialler,
      args,
      env,
      handed,
      exit: (code, signal) => this.#exit(code, signal),
    };
  }

  /** A TCP port that the guest has open. Without a port, the one that a route without a port means: the first that listens. */
  listener(port?: number): VirtualListener | undefined {
    return this.#network.listener(port);
  }

  /** A UDP port that the guest has open; without a port the first that it receives on. */
  datagram(port?: number): DatagramSocket | undefined {
    return this.#network.datagram(port);
  }

  /** True once the guest accepts connections or receives datagrams on any port; false when it ends without. */
  whenListening(): Promise<boolean> {
    return this.#listening.promise;
  }

  /** True from the moment it lets go of what it held, a little before {@link exited} tells. */
  get ended(): boolean {
    return this.#state === "ended";
  }

  /**
   * Bytes of the guest's memories as far as they have grown, its tables, its files in memory, and what waits in its
   * sockets and streams.
   */
  get memoryBytes(): number {
    return this.ended ? this.#memoryBytes : this.#account.bytes;
  }

  /** Time spent in the guest and in what it calls, milliseconds. */
  get cpuMs(): number {
    return this.#thread.cpuMs;
  }

  /** It waits for something: a connection, a time, an answer. */
  get waiting(): boolean {
    return this.#thread.parked;
  }

  /** Open descriptors. */
  get descriptors(): number {
    return this.#table.size;
  }

  /** How often the guest was looked at while it waited: an idle guest's does not change. */
  get wakeUps(): number {
    return this.#thread.wakeUps;
  }

  /**
   * Ends the guest. One that is suspended ends at once; one that is running (it was its call that led here) at its next
   * call. Connections are reset and everything it held is let go of before this returns.
   */
  kill(reason: string): void {
    if (this.#state === "ended") return;
    this.#thread.end(uncatchableError("killed"));
    this.#finish({ kind: "killed", reason });
  }

  /** For {@link startInstance}. In its turn, since making an instance takes a while and many may be to begin at once. */
  begin(): void {
    this.#thread.begin(() => this.#run());
  }

  #run(): void {
    const host = this.#host;
    if (this.#state !== "new" || host === undefined) return;
    this.#state = "running";
    // V8 keeps 10 frames otherwise. It is set for the process: frames of ours never get out (trap.ts).
    if (Error.stackTraceLimit < framesMax) Error.stackTraceLimit = framesMax;
    this.#thread.start();
    try {
      const launch = {
        host,
        thread: this.#thread,
        account: this.#account,
        cpu: this.#cpu,
        onOverrun: (burst: Burst) => this.#overrun(burst),
      };
      this.#program.launch(launch).then(
        () => this.#finish({ kind: "exit", code: 0 }),
        (error) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The guest has run for too long at a stretch. It is in the middle of a call: the trap that follows finds it ended. */
  #overrun({ cpuMs, wallMs }: Burst): void {
    this.#exiting = {
      kind: "limit",
      code: "limit.deadline",
      message: `it computed without a pause: ${formatMs(cpuMs)} of CPU time, ${formatMs(wallMs)} by the clock`,
    };
    this.#thread.end(uncatchableError("over its deadline"));
  }

  #fail(error: unknown): void {
    this.#finish(this.#exiting ?? trapOf(error));
  }

  #exit(code: number, signal?: number): never {
    this.#exiting = { kind: "exit", code, ...(signal === undefined ? {} : { signal }) };
    const end = uncatchableError(`exit ${code}`);
    this.#thread.end(end);
    throw end;
  }

  #finish(exit: Exit): void {
    if (this.#state === "ended") return;
    this.#memoryBytes = this.memoryBytes;
    this.#state = "ended";
    this.#thread.stop();
    this.#thread.end(new Error("ended"));
    this.#account.attach([], []);
    this.#account.attachFiles([]);
    this.#budget?.release(this.#account);
    this.#host = undefined;
    if (exit.kind !== "exit" || exit.code !== 0) {
      // What a program left half-sent when it broke must not look complete.
      for (const [, descriptor] of this.#table.entries()) {
        if (descriptor instanceof Connection)
          descriptor.reset(`the program ${describeExit(exit)}`, exit.kind === "limit" ? exit.code : undefined);
      }
    }
    this.#table.closeAll();
    this.#dialler.close();
    this.#listening.resolve(false);
    this.#settle(exit);
  }

  /** Standard streams, then the handed sockets, then the directories. */
  #open(
    { stdin, stdout = discard, stderr = discard, terminals = {}, sockets = [], mounts = [] }: GuestOptions,
    clocks: Clocks,
  ): Set<Descriptor> {
    const handed = new Set<Descriptor>();
    this.#add(new InputStream(stdin, terminals.stdin ?? false));
    this.#add(new OutputStream(stdout, terminals.stdout ?? false));
    this.#add(new OutputStream(stderr, terminals.stderr ?? false));
    for (const { protocol, port } of sockets) {
      const address = { ip: guestIp, port };
      let socket: Descriptor;
      if (protocol === "tcp") {
        const listener = this.#network.listen(address);
        assert(typeof listener !== "number", `port ${port} is handed twice`);
        socket = new ListenerSocket(listener, { handed: true });
      } else {
        const datagrams = new DatagramSocket(true, this.#dialler);
        assert(this.#network.bind(datagrams, address) === 0, `port ${port} is handed twice`);
        socket = datagrams;
      }
      this.#add(socket);
      handed.add(socket);
    }
    const directories = openMounts(mounts, { now: () => clocks.realtime() });
    for (const directory of directories) this.#add(directory);
    const files = directories.map(({ mount }) => mount.files);
    this.#account.attachFiles(files.filter((one) => one instanceof MemoryFiles));
    return handed;
  }

  #add(descriptor: Descriptor): void {
    assert(this.#table.add(descriptor) >= 0, "more is handed to the guest than it may have open");
  }
}

function discard(): void {}
