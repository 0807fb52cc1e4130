#include "checkpoint_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "console.h"
#include "run.h"

enum tuff_status checkpoint_file_find(const char *operand, char path[PATH_MAX])
{
    struct stat info;
    if (stat(operand, &info) != 0) {
        console_error("cannot read '%s': %s", operand, strerror(errno));
        return TUFF_ERROR_NOT_FOUND;
    }
    int length = snprintf(path, PATH_MAX, S_ISDIR(info.st_mode) ? "%s/" RUN_CHECKPOINT : "%s", operand);
    if (length < 0 || length >= PATH_MAX) {
        console_error("'%s': the path is too long", operand);
        return TUFF_ERROR_INVALID;
    }
    if (S_ISDIR(info.st_mode) && stat(path, &info) != 0) {
        console_error("'%s' holds no " RUN_CHECKPOINT "; one is written at the end of each epoch", operand);
        return TUFF_ERROR_NOT_FOUND;
    }
    return TUFF_OK;
}
