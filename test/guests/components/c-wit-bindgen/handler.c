// A handler on what wit-bindgen 0.63 makes: fetch.c, fetch.h and fetch_component_type.o are by `wit-bindgen c ../../../../sdk/wit --world fetch`.
#include "fetch.h"
#include <string.h>

static wasi_http_types_own_outgoing_body_t respond(exports_wasi_http_incoming_handler_own_response_outparam_t out,
                                                   uint16_t status) {
  wasi_http_types_own_fields_t fields = wasi_http_types_constructor_fields();
  wasi_http_types_own_outgoing_response_t response = wasi_http_types_constructor_outgoing_response(fields);
  wasi_http_types_method_outgoing_response_set_status_code(wasi_http_types_borrow_outgoing_response(response), status);
  wasi_http_types_own_outgoing_body_t body;
  wasi_http_types_method_outgoing_response_body(wasi_http_types_borrow_outgoing_response(response), &body);
  wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false, .val = {.ok = response}};
  wasi_http_types_static_response_outparam_set(out, &result);
  return body;
}

static void answer(exports_wasi_http_incoming_handler_own_response_outparam_t out, uint16_t status, const char *text) {
  wasi_http_types_own_outgoing_body_t body = respond(out, status);
  wasi_http_types_own_output_stream_t stream;
  wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream);
  fetch_list_u8_t bytes = {(uint8_t *)text, strlen(text)};
  wasi_io_streams_stream_error_t failure;
  wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(stream), &bytes,
                                                                &failure);
  wasi_io_streams_output_stream_drop_own(stream);
  wasi_http_types_error_code_t error;
  wasi_http_types_static_outgoing_body_finish(body, NULL, &error);
}

// The host moves the bytes from one body to the other; none of them gets into this memory.
static void echo(exports_wasi_http_incoming_handler_own_incoming_request_t request,
                 exports_wasi_http_incoming_handler_own_response_outparam_t out) {
  wasi_http_types_own_incoming_body_t incoming;
  wasi_http_types_method_incoming_request_consume(wasi_http_types_borrow_incoming_request(request), &incoming);
  wasi_http_types_own_input_stream_t input;
  wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(incoming), &input);
  wasi_http_types_own_outgoing_body_t body = respond(out, 200);
  wasi_http_types_own_output_stream_t output;
  wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &output);
  uint64_t moved;
  wasi_io_streams_stream_error_t failure;
  while (wasi_io_streams_method_output_stream_blocking_splice(wasi_io_streams_borrow_output_stream(output),
                                                              wasi_io_streams_borrow_input_stream(input), 65536, &moved,
                                                              &failure))
    ;
  wasi_io_streams_stream_error_free(&failure);
  wasi_io_streams_input_stream_drop_own(input);
  wasi_http_types_incoming_body_drop_own(incoming);
  wasi_io_streams_output_stream_drop_own(output);
  wasi_http_types_error_code_t error;
  wasi_http_types_static_outgoing_body_finish(body, NULL, &error);
}

void exports_wasi_http_incoming_handler_handle(exports_wasi_http_incoming_handler_own_incoming_request_t request,
                                               exports_wasi_http_incoming_handler_own_response_outparam_t out) {
  fetch_string_t path;
  bool some = wasi_http_types_method_incoming_request_path_with_query(wasi_http_types_borrow_incoming_request(request),
                                                                      &path);
  if (some && path.len == 1) answer(out, 200, "Hello from C\n");
  else if (some && path.len == 5 && memcmp(path.ptr, "/echo", 5) == 0) echo(request, out);
  else if (some && path.len == 5 && memcmp(path.ptr, "/trap", 5) == 0) __builtin_trap();
  else answer(out, 404, "there is no such path\n");
  fetch_string_free(&path);
  wasi_http_types_incoming_request_drop_own(request);
}
