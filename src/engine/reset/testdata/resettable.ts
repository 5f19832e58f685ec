// An instance with its reset point, and what of it can be seen from outside.
import { decodeModule } from "../../../wasm/decode.ts";
import type { ModuleInfo } from "../../../wasm/module-info.ts";
import type { RewrittenModule } from "../../../wasm/rewrite/contract.ts";
import { type MarkTuning, markTuningDefault } from "../../../wasm/rewrite/mark-tuning.ts";
import { rewriteModule } from "../../../wasm/rewrite/rewrite.ts";
import { generatedCaps } from "../../../wasm/rewrite/testdata/differential.ts";
import { instantiate } from "../../../wasm/rewrite/testdata/preemption.ts";
import { MarkedMemories } from "../marked-memories.ts";
import type { MarkedMemory } from "../marked-memory.ts";
import { ResetImage } from "../reset-image.ts";
import { ResetPoint } from "../reset-point.ts";

const zeros = Buffer.alloc(65_536);

export interface Resettable {
  readonly exports: WebAssembly.Exports;
  readonly memories: readonly MarkedMemory[];
  readonly point: ResetPoint;
  /** What differs from the state that the reset point was made in; empty: nothing. */
  residue(): string;
}

export interface Prepared {
  readonly info: ModuleInfo;
  readonly rewritten: RewrittenModule;
  readonly module: WebAssembly.Module;
  readonly tuning: MarkTuning;
}

export function prepare(bytes: Uint8Array, tuning: MarkTuning = markTuningDefault): Prepared {
  const info = decodeModule(bytes, generatedCaps);
  const rewritten = rewriteModule(info, { marks: tuning });
  return { info, rewritten, module: new WebAssembly.Module(rewritten.bytes as BufferSource), tuning };
}

/** `imports` is given the memories once they are there. */
export function resettable(
  { rewritten, module, tuning }: Prepared,
  imports: (marked: () => readonly MarkedMemory[]) => WebAssembly.Imports = () => ({}),
  initialise: (exports: WebAssembly.Exports) => void = () => {},
  { keepMarks = false }: { readonly keepMarks?: boolean } = {},
): Resettable {
  const marked = new MarkedMemories({ tuning, pagesMax: 65_536 });
  const given = imports(() => marked.all) as Record<string, WebAssembly.ModuleImports>;
  const { exports } = instantiate(rewritten, module, {
    imports: given,
    pagesMax: 1_000,
    cards: (all) => marked.addTo(all, rewritten.cards),
  });
  (exports["warren.start"] as (() => void) | undefined)?.();
  initialise(exports);
  const memories = marked.all;
  const image = new ResetImage(memories, [exports]);
  const initial = memories.map(({ cards }) => cards.slice(0, keepMarks ? 4_096 : 0));
  const point = new ResetPoint(image, memories, [exports], { cardsMax: 1_000_000 });
  // The marks of the initialisation, for a test that makes an image and a point of its own.
  for (const [i, cards] of initial.entries()) memories[i]!.cards.set(cards);
  const before = memories.map(({ memory }) => Buffer.from(Buffer.from(memory.buffer)));
  const globals = globalsText(exports);
  const sizes = sizesText(exports);
  const residue = (): string => {
    for (const [i, memory] of memories.entries()) {
      const difference = memoryDifference(memory, before[i]!);
      if (difference !== "") return `memory ${i}: ${difference}`;
    }
    const now = globalsText(exports);
    if (now !== globals) return `globals ${globals} → ${now}`;
    return sizesText(exports) === sizes ? "" : `sizes ${sizes} → ${sizesText(exports)}`;
  };
  return { exports, memories, point, residue };
}

function memoryDifference({ memory, pages, cards, tuning }: MarkedMemory, before: Buffer): string {
  if (pages * 65_536 !== before.length) return `${pages} pages, it were ${before.length / 65_536}`;
  const now = Buffer.from(memory.buffer);
  if (now.compare(before, 0, before.length, 0, before.length) !== 0) {
    for (let i = 0; i < before.length; i++) if (now[i] !== before[i]) return `${before[i]} → ${now[i]} at ${i}`;
  }
  for (let at = before.length; at < now.length; at += zeros.length)
    if (now.compare(zeros, 0, zeros.length, at, at + zeros.length) !== 0) return `not zero beyond ${at}`;
  const card = cards.subarray(0, now.length / 2 ** tuning.cardShift).indexOf(1);
  return card >= 0 ? `card ${card} is marked` : "";
}

/** What the guest's functions `pages0` and so on say. */
function sizesText(exports: WebAssembly.Exports): string {
  return Object.entries(exports)
    .flatMap(([name, value]) => (/^pages\d+$/.test(name) ? [String((value as () => number | bigint)())] : []))
    .join();
}

/** The rewriter exports them all. */
export function globalsText(exports: WebAssembly.Exports): string {
  return Object.entries(exports)
    .flatMap(([name, value]) => (value instanceof WebAssembly.Global ? [`${name}=${globalText(value)}`] : []))
    .join();
}

function globalText(global: WebAssembly.Global): string {
  try {
    const { value } = global;
    return typeof value === "object" && value !== null ? "object" : Object.is(value, -0) ? "-0" : String(value);
  } catch {
    // A vector: JavaScript does not see it.
    return "?";
  }
}
