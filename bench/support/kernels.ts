/** The functions of `bench/preempt/kernels.c`, and how much of each takes 2 to 30 ms. */
export const kernels: Readonly<Record<string, number>> = {
  sieve: 2_000_000,
  matrix: 8,
  fib: 30,
  hash: 8_000_000,
  sort: 200_000,
  sort_by_function: 100_000,
  hash_table: 6,
  json: 60,
  regex: 4,
  queens: 12,
  mandelbrot: 200,
  move: 300_000,
  interpreter: 500_000,
  bodies: 200_000,
  linked_list: 300,
};
