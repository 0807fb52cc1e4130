// The files of plugins/template/, embedded at build time by cmake/embed-template.cmake.
#ifndef TUFF_TOOL_PLUGIN_TEMPLATE_H
#define TUFF_TOOL_PLUGIN_TEMPLATE_H

#include <stddef.h>

// What stands in them wherever the plugin's name belongs.
#define PLUGIN_TEMPLATE_NAME "template"

struct plugin_template_file {
    const char *name; // "plugin.c"
    const unsigned char *text;
    size_t bytes;
};

extern const struct plugin_template_file plugin_template_files[];
extern const size_t plugin_template_file_count;

#endif
