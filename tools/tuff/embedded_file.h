// Files that are part of the command, embedded at build time by cmake/embed-files.cmake.
#ifndef TUFF_TOOL_EMBEDDED_FILE_H
#define TUFF_TOOL_EMBEDDED_FILE_H

#include <stddef.h>

struct embedded_file {
    const char *name; // "plugin.c"
    const unsigned char *text;
    size_t bytes;
};

// plugins/template/, and what stands in its files wherever the plugin's name belongs.
#define PLUGIN_TEMPLATE_NAME "template"
extern const struct embedded_file plugin_template[];
extern const size_t plugin_template_count;

// What completes commands, without what follows from the commands: one file a shell, called tuff.bash, ...
extern const struct embedded_file completion_scripts[];
extern const size_t completion_scripts_count;

#endif
