import { assert } from "../base/assert.ts";
import { type Clocks, SystemClocks } from "../wasi/clocks.ts";
import type { Descriptor } from "../wasi/descriptor.ts";
import { DescriptorTable } from "../wasi/descriptor-table.ts";
import { MemoryFiles } from "../wasi/files/memory-files.ts";
import { openMounts } from "../wasi/files/mount.ts";
import { CpuMeter, GuestThread } from "../wasi/guest-thread.ts";
import type { Host } from "../wasi/p1/host.ts";
import { GuestMemory } from "../wasi/p1/memory.ts";
import { systemRandom } from "../wasi/random.ts";
import { Signals } from "../wasi/signals.ts";
import { Connection } from "../wasi/sockets/connection.ts";
import { DatagramSocket } from "../wasi/sockets/datagram.ts";
import { Dialler } from "../wasi/sockets/dialler.ts";
import { ListenerSocket } from "../wasi/sockets/listener-socket.ts";
import { VirtualNetwork } from "../wasi/sockets/virtual-network.ts";
import { InputStream, OutputStream } from "../wasi/stdio.ts";
import { describeExit, type Exit } from "./exit.ts";
import { type GuestOptions, guestArguments, guestEnvironment } from "./guest-options.ts";
import type { Program } from "./launch.ts";
import { MemoryAccount } from "./memory-account.ts";

/** Where a guest's own sockets seem to be. */
const guestIp = "127.0.0.1";

/** What an instance has outside of its memory: a thread, descriptors, a network, and what it is counted by. */
export class GuestContext {
  readonly thread: GuestThread;
  readonly table: DescriptorTable;
  readonly account: MemoryAccount;
  readonly network: VirtualNetwork;
  readonly dialler: Dialler;
  readonly signals = new Signals();
  readonly #options: GuestOptions;
  readonly #args: readonly string[];
  readonly #env: readonly string[];
  readonly #clocks: Clocks;
  readonly #handed: ReadonlySet<Descriptor>;

  /** Throws `args.invalid`, `env.invalid`, `limits.address-space`, `worker.memory-budget` and what opening the mounts throws. */
  constructor(program: Program, options: GuestOptions) {
    this.#options = options;
    this.#args = guestArguments(options);
    this.#env = guestEnvironment(options);
    const clocks = options.clocks ?? new SystemClocks();
    this.#clocks = clocks;
    const { cpu } = options;
    cpu?.preemption.addressSpace.check(program.memoryCount);
    const pacer = cpu?.preemption.pacer(cpu.share);
    this.thread = new GuestThread(clocks, options.meter ?? new CpuMeter(), options.number, pacer);
    this.table = new DescriptorTable(
      options.descriptorsMax === undefined ? {} : { descriptorsMax: options.descriptorsMax },
    );
    this.account = new MemoryAccount(program.memoryMax, this.table);
    this.network = new VirtualNetwork({
      hasRoom: (waiting) => this.account.hasRoom(waiting),
      openWork: () => this.thread.work.open(),
    });
    this.network.onListen = options.onListen;
    this.dialler = new Dialler(this.network, options.outbound);
    this.dialler.onRefused = options.onRefused;
    this.signals.onAction = options.onSignalAction;
    this.signals.onTaken = options.onSignalTaken;
    options.budget?.check(program.initialBytes);
    this.#handed = this.#open(options, clocks);
    options.budget?.admit(this.account, program.initialBytes);
  }

  /** How a guest sees it. `exit` ends the guest. Not kept here: it holds the guest's memory. */
  host(exit: Host["exit"]): Host {
    return {
      table: this.table,
      memory: new GuestMemory(),
      thread: this.thread,
      clocks: this.#clocks,
      random: this.#options.random ?? systemRandom,
      network: this.network,
      dialler: this.dialler,
      signals: this.signals,
      args: this.#args,
      env: this.#env,
      handed: this.#handed,
      keyValue: this.#options.keyValue,
      log: this.#options.log,
      exit,
    };
  }

  /** Lets go of everything. What comes of connections depends on how the guest ended. */
  close(exit: Exit): void {
    this.account.attach([], []);
    this.account.attachFiles([]);
    this.#options.budget?.release(this.account);
    if (exit.kind !== "exit" || exit.code !== 0) {
      // What a program left half-sent when it broke must not look complete.
      for (const [, descriptor] of this.table.entries()) {
        if (descriptor instanceof Connection)
          descriptor.reset(`the program ${describeExit(exit)}`, exit.kind === "limit" ? exit.code : undefined);
      }
    }
    this.table.closeAll();
    this.dialler.close();
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
        const listener = this.network.listen(address);
        assert(typeof listener !== "number", `port ${port} is handed twice`);
        socket = new ListenerSocket(listener, { handed: true });
      } else {
        const datagrams = new DatagramSocket(true, this.dialler);
        assert(this.network.bind(datagrams, address) === 0, `port ${port} is handed twice`);
        socket = datagrams;
      }
      this.#add(socket);
      handed.add(socket);
    }
    const directories = openMounts(mounts, { now: () => clocks.realtime() });
    for (const directory of directories) this.#add(directory);
    const files = directories.map(({ mount }) => mount.files);
    this.account.attachFiles(files.filter((one) => one instanceof MemoryFiles));
    return handed;
  }

  #add(descriptor: Descriptor): void {
    assert(this.table.add(descriptor) >= 0, "more is handed to the guest than it may have open");
  }
}

function discard(): void {}
