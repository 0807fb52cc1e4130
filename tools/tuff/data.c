// tuff data: finds the subcommand.
#include "data.h"

#include "commands.h"

int command_data(int argc, char **argv)
{
    static const struct command inner[] = {
        {"list", "list the data sets, and which of them are here", data_list},
        {"show", "show images of a data set", data_show},
        {"fetch", "fetch the files of a data set", data_fetch},
    };
    return command_run_inner("data", "Data sets: which there are, where they are, and how to get them.\n",
                             inner, sizeof inner / sizeof *inner, argc, argv);
}
