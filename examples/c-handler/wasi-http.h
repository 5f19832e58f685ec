/* The part of WASI 0.2 that an HTTP handler needs, as the canonical ABI has it: no generator, no library. Handles are
 * int32_t; a result that does not fit into one value is written to where the last parameter points. The interfaces are in
 * sdk/wit/deps/http.wit and io.wit, the rules in
 * https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md */
#include <stddef.h>
#include <stdint.h>

#define WASI_HTTP_VERSION "0.2.10"
#define WASI_IMPORT(interface, name) \
  __attribute__((import_module("wasi:" interface "@" WASI_HTTP_VERSION), import_name(name)))

typedef struct {
  const char *at;
  size_t length;
} wasi_string;

typedef struct {
  wasi_string name;
  wasi_string value;
} wasi_field;

/* `result<handle>` and `result`: 0 is ok. */
typedef struct {
  uint8_t error;
  int32_t handle;
} wasi_result;

/* `option<string>` */
typedef struct {
  uint8_t some;
  wasi_string string;
} wasi_option;

/* `result<list<u8>, stream-error>`, `result<u64, stream-error>`: of an error, 0 is last-operation-failed, with a handle, and 1 is closed. */
typedef struct {
  uint8_t error;
  union {
    struct {
      uint8_t *at;
      size_t length;
    } bytes;
    struct {
      uint8_t kind;
      int32_t handle;
    } failure;
  };
} wasi_read;

/* `result<_, stream-error>` */
typedef struct {
  uint8_t error;
  uint8_t kind;
  int32_t handle;
} wasi_write;

/* Fields */
WASI_IMPORT("http/types", "[static]fields.from-list")
void wasi_fields_from_list(const wasi_field *list, size_t length, wasi_result *result);

/* The request */
WASI_IMPORT("http/types", "[method]incoming-request.path-with-query")
void wasi_request_path(int32_t request, wasi_option *path);
WASI_IMPORT("http/types", "[method]incoming-request.consume")
void wasi_request_consume(int32_t request, wasi_result *body);
WASI_IMPORT("http/types", "[method]incoming-body.stream")
void wasi_incoming_body_stream(int32_t body, wasi_result *stream);
WASI_IMPORT("http/types", "[resource-drop]incoming-request")
void wasi_request_drop(int32_t request);
WASI_IMPORT("http/types", "[resource-drop]incoming-body")
void wasi_incoming_body_drop(int32_t body);

/* The response */
WASI_IMPORT("http/types", "[constructor]outgoing-response")
int32_t wasi_response(int32_t fields);
WASI_IMPORT("http/types", "[method]outgoing-response.set-status-code")
int32_t wasi_response_set_status(int32_t response, int32_t status);
WASI_IMPORT("http/types", "[method]outgoing-response.body")
void wasi_response_body(int32_t response, wasi_result *body);
/* `result<outgoing-response, error-code>`, flattened: is it an error, the response or the error's case, and an error's parameters. */
WASI_IMPORT("http/types", "[static]response-outparam.set")
void wasi_outparam_set(int32_t out, int32_t error, int32_t value, int32_t, int64_t, int32_t, int32_t, int32_t, int32_t);
WASI_IMPORT("http/types", "[method]outgoing-body.write")
void wasi_outgoing_body_write(int32_t body, wasi_result *stream);
WASI_IMPORT("http/types", "[static]outgoing-body.finish")
void wasi_outgoing_body_finish(int32_t body, int32_t some, int32_t trailers, void *result);

/* Streams */
WASI_IMPORT("io/streams", "[method]input-stream.blocking-read")
void wasi_stream_read(int32_t stream, uint64_t length, wasi_read *result);
/* At most 4096 bytes at a time. */
WASI_IMPORT("io/streams", "[method]output-stream.blocking-write-and-flush")
void wasi_stream_write(int32_t stream, const void *at, size_t length, wasi_write *result);
WASI_IMPORT("io/streams", "[resource-drop]input-stream")
void wasi_input_stream_drop(int32_t stream);
WASI_IMPORT("io/streams", "[resource-drop]output-stream")
void wasi_output_stream_drop(int32_t stream);
WASI_IMPORT("io/error", "[resource-drop]error")
void wasi_error_drop(int32_t error);
