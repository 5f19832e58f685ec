import assert from "node:assert/strict";
import { test } from "node:test";
import { PiecePool, pieceBytes } from "./piece-pool.ts";

test("PiecePool gives a piece again once it was given back, and each once only", () => {
  const pool = new PiecePool();
  const piece = pool.take(pieceBytes);
  assert.notEqual(pool.take(pieceBytes), piece);
  pool.giveBack(piece);
  pool.giveBack(piece);
  assert.equal(pool.take(pieceBytes), piece);
  assert.notEqual(pool.take(pieceBytes), piece);
});

test("PiecePool takes nothing back that is not a whole piece of its own", () => {
  const pool = new PiecePool();
  const piece = pool.take(pieceBytes);
  for (const other of [piece.subarray(0, 10), Buffer.alloc(pieceBytes), pool.take(100)]) pool.giveBack(other);
  assert.notEqual(pool.take(pieceBytes), piece);
  assert.equal(pool.take(100).length, 100);
});
