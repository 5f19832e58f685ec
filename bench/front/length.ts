/** How long a benchmark of the front takes. */
export interface Length {
  readonly rounds: number;
  /** Of load, for each system in each round. */
  readonly seconds: number;
}
