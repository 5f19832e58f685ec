/* An HTTP handler of 20 KB: the host calls `handle` for each request, with the state that the program had before the first. */
#include "wasi-http.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const wasi_field text_plain[] = {{{"content-type", 12}, {"text/plain", 10}}};

/* Where the host puts lists and strings that it hands over. */
__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  (void)align; /* Nothing that malloc gives is aligned less than the ABI may ask for. */
  void *at = realloc(old, size);
  if (at == NULL) __builtin_trap();
  return at;
}

/* Begins the answer; what is written to the stream goes to the client at once. */
static int32_t respond(int32_t out, uint16_t status, int32_t *body) {
  wasi_result fields, result;
  wasi_fields_from_list(text_plain, 1, &fields);
  int32_t response = wasi_response(fields.handle);
  wasi_response_set_status(response, status);
  wasi_response_body(response, &result);
  *body = result.handle;
  wasi_outgoing_body_write(*body, &result);
  wasi_outparam_set(out, 0, response, 0, 0, 0, 0, 0, 0);
  return result.handle;
}

static void finish(int32_t body, int32_t stream) {
  uint8_t result[40]; /* `result<_, error-code>` */
  wasi_output_stream_drop(stream);
  wasi_outgoing_body_finish(body, 0, 0, result);
}

static bool write_all(int32_t stream, const uint8_t *at, size_t length) {
  const size_t once = 4096;
  for (wasi_write result; length > 0;) {
    size_t part = length < once ? length : once;
    wasi_stream_write(stream, at, part, &result);
    if (result.error) {
      if (result.kind == 0) wasi_error_drop(result.handle);
      return false;
    }
    at += part;
    length -= part;
  }
  return true;
}

static void answer(int32_t out, uint16_t status, const char *text) {
  int32_t body, stream = respond(out, status, &body);
  write_all(stream, (const uint8_t *)text, strlen(text));
  finish(body, stream);
}

static void to_upper(uint8_t *at, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (at[i] >= 'a' && at[i] <= 'z') at[i] -= 'a' - 'A';
}

/* Gives the request's body back piece by piece, as it comes. */
static void echo(int32_t request, int32_t out, void (*change)(uint8_t *, size_t)) {
  wasi_result consumed, input;
  wasi_request_consume(request, &consumed);
  wasi_incoming_body_stream(consumed.handle, &input);
  int32_t body, output = respond(out, 200, &body);
  for (wasi_read read;;) {
    wasi_stream_read(input.handle, 65536, &read);
    if (read.error) {
      if (read.failure.kind == 0) wasi_error_drop(read.failure.handle);
      break;
    }
    if (change != NULL) change(read.bytes.at, read.bytes.length);
    bool written = write_all(output, read.bytes.at, read.bytes.length);
    free(read.bytes.at);
    if (!written) break;
  }
  wasi_input_stream_drop(input.handle);
  wasi_incoming_body_drop(consumed.handle);
  finish(body, output);
}

static bool is(const wasi_option *path, const char *text) {
  size_t length = strcspn(text, "?");
  return path->some && path->string.length >= length && memcmp(path->string.at, text, length) == 0 &&
         (path->string.length == length || path->string.at[length] == '?');
}

__attribute__((export_name("wasi:http/incoming-handler@" WASI_HTTP_VERSION "#handle")))
void handle(int32_t request, int32_t out) {
  static unsigned visits;
  wasi_option path;
  wasi_request_path(request, &path);
  if (is(&path, "/")) answer(out, 200, ++visits == 1 ? "Hello from C\n" : "this state should have been reset\n");
  else if (is(&path, "/echo")) echo(request, out, NULL);
  else if (is(&path, "/upper")) echo(request, out, to_upper);
  else if (is(&path, "/trap")) __builtin_trap();
  else answer(out, 404, "there is no such path\n");
  wasi_request_drop(request);
}
