#include "http_server.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_BYTES = 4096 };

struct http_server {
    char folder[1024];
    int socket, port;
    pthread_mutex_t lock;
    int requests;
    char path[256], range[64];
};

static bool send_all(int client, const void *bytes, size_t count)
{
    const char *next = bytes;
    while (count > 0) {
        ssize_t sent = send(client, next, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        next += sent;
        count -= (size_t)sent;
    }
    return true;
}

static void answer(int client, const char *status, const char *headers)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nConnection: close\r\n%s\r\n", status, headers);
    send_all(client, text, (size_t)length);
}

static void redirect(int client, const char *to)
{
    char header[600];
    snprintf(header, sizeof header, "Location: %s\r\nContent-Length: 0\r\n", to);
    answer(client, "302 Found", header);
}

// All of the file, of malloc.
static unsigned char *read_whole(const char *folder, const char *name, size_t *count)
{
    char path[1300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    *count = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*count + 1);
    if (bytes != NULL && fread(bytes, 1, *count, file) != *count) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

struct manners {
    bool no_range, slow, wrong, longer;
    size_t cut; // bytes after which it ends
};

static void serve_file(struct http_server *server, int client, const char *name, const char *range,
                       const struct manners *manners)
{
    size_t count, from = 0;
    unsigned char *bytes = read_whole(server->folder, name, &count);
    if (bytes == NULL) {
        answer(client, "404 Not Found", "Content-Length: 0\r\n");
        return;
    }
    if (range[0] != '\0' && !manners->no_range)
        from = strtoul(range, NULL, 10);
    char headers[256];
    if (from > 0 && from >= count) {
        snprintf(headers, sizeof headers, "Content-Range: bytes */%zu\r\nContent-Length: 0\r\n", count);
        answer(client, "416 Range Not Satisfiable", headers);
        free(bytes);
        return;
    }
    size_t behind = manners->longer ? 1000000 : 0, left = count - from;
    int used = snprintf(headers, sizeof headers, "Content-Length: %zu\r\n", left + behind);
    if (from > 0)
        snprintf(headers + used, sizeof headers - (size_t)used, "Content-Range: bytes %zu-%zu/%zu\r\n", from,
                 count - 1, count);
    answer(client, from > 0 ? "206 Partial Content" : "200 OK", headers);
    if (manners->wrong)
        for (size_t i = 0; i < count; i++)
            bytes[i] ^= 0x55;
    if (manners->cut < left)
        left = manners->cut;
    size_t step = manners->slow ? 1000 : left;
    for (size_t sent = 0; sent < left; sent += step) {
        if (!send_all(client, bytes + from + sent, left - sent < step ? left - sent : step))
            break;
        if (manners->slow)
            usleep(50000);
    }
    for (size_t i = 0; i < behind && send_all(client, "behind it", 8); i += 8)
        ;
    free(bytes);
}

// Takes "/word/" off the path's front.
static bool takes(const char **path, const char *word)
{
    size_t length = strlen(word);
    if (strncmp(*path, word, length) != 0)
        return false;
    *path += length;
    return true;
}

static void serve(struct http_server *server, int client, const char *path, const char *range)
{
    struct manners manners = {.cut = SIZE_MAX};
    char to[512], *end;
    if (takes(&path, "/error/")) {
        answer(client, "500 Internal Server Error", "Content-Length: 0\r\n");
    } else if (takes(&path, "/away/")) {
        long port = strtol(path, &end, 10);
        snprintf(to, sizeof to, "http://127.0.0.1:%ld%s", port, end);
        redirect(client, to);
    } else if (takes(&path, "/local")) {
        snprintf(to, sizeof to, "file://%s", path);
        redirect(client, to);
    } else if (strncmp(path, "/loop/", 6) == 0) {
        redirect(client, path);
    } else {
        if (takes(&path, "/cut/")) {
            manners.cut = strtoul(path, &end, 10);
            path = end + (*end == '/');
        }
        manners.no_range = takes(&path, "/norange/");
        manners.slow = takes(&path, "/slow/");
        manners.wrong = takes(&path, "/wrong/");
        manners.longer = takes(&path, "/long/");
        serve_file(server, client, path + (path[0] == '/'), range, &manners);
    }
}

static void handle(struct http_server *server, int client)
{
    char request[REQUEST_BYTES + 1], path[256] = "", range[64] = "";
    size_t used = 0;
    while (used < REQUEST_BYTES) {
        ssize_t got = recv(client, request + used, REQUEST_BYTES - used, 0);
        if (got <= 0)
            return;
        used += (size_t)got;
        request[used] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL)
            break;
    }
    sscanf(request, "GET %255s", path);
    const char *header = strcasestr(request, "\r\nrange: bytes=");
    if (header != NULL)
        sscanf(header + 15, "%63[0-9-]", range);
    pthread_mutex_lock(&server->lock);
    server->requests++;
    strcpy(server->path, path);
    strcpy(server->range, range);
    pthread_mutex_unlock(&server->lock);
    serve(server, client, path, range);
}

static void *run(void *argument)
{
    struct http_server *server = argument;
    for (;;) {
        int client = accept(server->socket, NULL, NULL);
        if (client < 0)
            continue;
        handle(server, client);
        shutdown(client, SHUT_WR);
        close(client);
    }
    return NULL;
}

struct http_server *http_server_start(const char *folder)
{
    struct http_server *server = calloc(1, sizeof *server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    pthread_t thread;
    if (server == NULL)
        return NULL;
    snprintf(server->folder, sizeof server->folder, "%s", folder);
    pthread_mutex_init(&server->lock, NULL);
    server->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->socket < 0 || bind(server->socket, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->socket, 16) != 0 ||
        getsockname(server->socket, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&thread, NULL, run, server) != 0) {
        free(server);
        return NULL;
    }
    pthread_detach(thread);
    server->port = ntohs(address.sin_port);
    return server;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

int http_server_requests(const struct http_server *server, char path[256], char range[64])
{
    struct http_server *own = (struct http_server *)(uintptr_t)server;
    pthread_mutex_lock(&own->lock);
    int requests = own->requests;
    strcpy(path, own->path);
    strcpy(range, own->range);
    pthread_mutex_unlock(&own->lock);
    return requests;
}
