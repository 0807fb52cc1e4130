// http_server FOLDER: serves it on 127.0.0.1, prints the port, and goes on until its standard input ends. See
// http_server.h for what it can be told to do.
#include <stdio.h>

#include "http_server.h"

int main(int argc, char **argv)
{
    struct http_server *server = argc == 2 ? http_server_start(argv[1]) : NULL;
    if (server == NULL) {
        fprintf(stderr, "usage: http_server FOLDER\n");
        return 2;
    }
    printf("%d\n", http_server_port(server));
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
