// An HTTP server for tests, on 127.0.0.1, in a thread: it serves the files of a folder, with ranges, and can
// be told to misbehave by the first part of the path:
//
//   /FILE              the file, or the part of it that is asked for
//   /norange/FILE      always all of it
//   /cut/N/FILE        ends after N bytes, though more were promised
//   /slow/FILE         1,000 bytes, then a pause of 50 ms, and so on
//   /wrong/FILE        every byte is another
//   /long/FILE         with 1,000,000 bytes behind it
//   /error/FILE        500
//   /away/N/FILE       redirects to http://127.0.0.1:N/FILE
//   /local/PATH        redirects to file:///PATH
//   /loop/FILE         redirects to itself
#ifndef TUFF_TESTS_HTTP_SERVER_H
#define TUFF_TESTS_HTTP_SERVER_H

struct http_server;

// Serves until the process ends. NULL if it cannot be. folder: copied.
struct http_server *http_server_start(const char *folder);
int http_server_port(const struct http_server *server);
// How many requests there were, and the last one's path and range ("" for none, "5-").
int http_server_requests(const struct http_server *server, char path[256], char range[64]);

#endif
