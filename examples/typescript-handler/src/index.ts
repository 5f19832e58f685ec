import { Hono } from "hono";

interface Order {
  readonly items: readonly { readonly price: number; readonly count: number }[];
}

const app = new Hono();

app.get("/", (c) => c.text("Hello from TypeScript\n"));

app.post("/echo", (c) => new Response(c.req.raw.body));

/** JSON in, JSON out. */
app.post("/total", async (c) => {
  const order = await c.req.json<Order>().catch(() => undefined);
  if (order === undefined) return c.text("this is no order\n", 400);
  const total = order.items.reduce((sum, { price, count }) => sum + price * count, 0);
  return c.json({ items: order.items.length, total });
});

/** Passes on what another server says, as it comes. Warren lets it reach what `[[outbound]]` lists. */
app.get("/fetch", async (c) => {
  const from = new URL(c.req.url).search.slice(1);
  try {
    const answer = await fetch(from);
    return new Response(answer.body, { status: answer.status });
  } catch (error) {
    return c.text(`${error}\n`, 502);
  }
});

app.get("/trap", () => {
  throw new Error("this was asked for");
});

app.notFound((c) => c.text("there is no such path\n", 404));

export default app;
