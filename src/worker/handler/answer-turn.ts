/** What is held back for a moment. */
export interface Held {
  flush(): void;
}

/**
 * Holds answers back until the end of the present turn of the event loop: most guests finish a small body in the turn in which they
 * answer, and then it leaves with the head, in one write and with its length. A microtask would be too early: a guest that is suspended
 * (JSPI) goes on in one even when it had nothing to wait for.
 */
export class AnswerTurn {
  #held: Held[] = [];

  hold(answer: Held): void {
    if (this.#held.push(answer) === 1) setImmediate(this.#end);
  }

  readonly #end = (): void => {
    const held = this.#held;
    this.#held = [];
    for (const answer of held) answer.flush();
  };
}
