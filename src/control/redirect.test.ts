import assert from "node:assert/strict";
import { test } from "node:test";
import { redirectProblem } from "./redirect.ts";

test("redirectProblem() has nothing against URLs, paths and what they repeat", () => {
  for (const to of [
    "https://new.example.com",
    "http://new.example.com:8080/a/b?c=d#e",
    "HTTPS://NEW.example.com".replace("HTTPS", "https"),
    "https://192.0.2.1/",
    "https://[2001:db8::1]:8443/x",
    "https://localhost",
    "/new",
    "/",
    "/a{path}",
    "https://{host}{path}{query}",
    "https://{host}",
    "https://{host}:8443/x",
    "https://www.{host}/",
    "https://new.example.com{path}",
    "https://new.example.com{query}",
    "https://xn--bcher-kva.example/%20",
  ])
    assert.equal(redirectProblem(to), undefined, to);
});

test("redirectProblem() refuses what could lead where a client wants", () => {
  for (const to of [
    "",
    "new.example.com",
    "//new.example.com",
    "/{path}",
    "/{host}",
    "{path}",
    "{host}",
    "javascript:alert(1)",
    "ftp://new.example.com",
    "https://",
    "https://:80/",
    "https://new.example.com:0/",
    "https://new.example.com:65536/",
    "https://new.example.com:x/",
    "https://user@new.example.com/",
    "https://user:word@new.example.com/",
    "https://new.example{host}/",
    "https://{host}.example.com/",
    "https://{host}evil/",
    "https://{path}",
    "https://{query}/",
    "https://*.example.com/",
    "https://bücher.example/",
    "https://new.example.com/a b",
    "https://new.example.com/\r\nSet-Cookie: a",
    "https://new.example.com\\@evil",
    "https://new.example.com/{uri}",
    "https://new.example.com/{",
    `https://new.example.com/${"a".repeat(2048)}`,
  ])
    assert.notEqual(redirectProblem(to), undefined, to);
});
