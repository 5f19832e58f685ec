/**
 * The pages on which the workers that serve one service count together how often it is asked (net/limits). The daemon makes
 * them and sets the seed.
 */

/** 64-bit floats: when the service's bucket is full, the seed of the clients' hashes, and from `clients` on their buckets. */
export const rateCell = { fullAt: 0, seed: 1, clients: 512 } as const;

/** With room for 16,384 clients. */
export const rateCells: number = rateCell.clients + 16_384 * 2;

export const rateBytes: number = rateCells * Float64Array.BYTES_PER_ELEMENT;
