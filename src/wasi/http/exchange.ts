import type { Flow } from "../../base/flow.ts";
import type { ErrorCode } from "./error-code.ts";
import type { Field } from "./fields.ts";

/** What a guest sends behind the head of an answer. */
export interface Content {
  /** Ended when the body is whole, failed when the guest broke off. */
  readonly flow: Flow;
  /** Fields behind the body: complete once the flow has ended. */
  readonly trailers: readonly Field[];
  /** To be told what becomes of it; set by whoever reads it. */
  owner: ContentOwner | undefined;
  /** Nobody wants the bytes: what is written goes nowhere, without an error. */
  discard(): void;
}

export interface ContentOwner {
  /** The flow has ended or failed. */
  contentOver(): void;
  /** The flow takes no more for now. */
  contentFull(): void;
}

/** A request that a guest is called for, and the way its answer takes. */
export interface Exchange {
  readonly method: string;
  /** Origin form. */
  readonly path: string;
  readonly scheme: "http" | "https";
  readonly authority: string;
  readonly fields: readonly Field[];
  readonly body: Flow;
  /** Complete once the body has ended. */
  readonly trailers: readonly Field[];
  /** The answer's head; `content` undefined when it has no body. Called once, or {@link refuse}, or {@link giveUp}. */
  answer(status: number, fields: readonly Field[], content: Content | undefined): void;
  /** The guest answers with an error. */
  refuse(code: ErrorCode): void;
  /** The guest let go of its way to answer without using it. */
  giveUp(): void;
  /** An interim answer, 1xx. False when it cannot be sent. */
  inform(status: number, fields: readonly Field[]): boolean;
}
