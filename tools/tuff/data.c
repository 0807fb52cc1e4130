// tuff data: finds the subcommand.
#include <string.h>

#include "commands.h"
#include "console.h"

int command_data(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "show") == 0)
        return command_data_show(argc - 1, argv + 1);
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        console_print("Usage: tuff data show [options] NAME\nShows a data set's images.\n\n"
                      "  -h, --help             tuff data show --help shows the options\n\n"
                      "Examples:\n  tuff data show digits\n");
        return EXIT_DONE;
    }
    if (argc > 1)
        console_error("data: unknown command '%s'; did you mean 'show'?", argv[1]);
    else
        console_error("data: a command is missing (see tuff data --help)");
    return EXIT_USAGE;
}
