/** What a benchmark started, ended in reverse order: the part of a test's context that the helpers of the tests use. */
export class Scope implements AsyncDisposable {
  readonly #endings: (() => unknown)[] = [];

  after(ending: () => unknown): void {
    this.#endings.push(ending);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const ending of this.#endings.reverse()) await ending();
  }
}
