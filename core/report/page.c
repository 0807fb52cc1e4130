#include "page.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/regular_file.h"

static const char *const endings[] = {"svg", "png"};

static enum tuff_status join(const struct tuff_page *page, char path[PATH_MAX], const char *name,
                             const char *ending)
{
    int length = snprintf(path, PATH_MAX, "%s/%s.%s", page->folder, name, ending);
    if (length > 0 && length < PATH_MAX)
        return TUFF_OK;
    return tuff_fail(page->log, TUFF_ERROR_IO, "cannot write into '%s': %s", page->folder,
                     strerror(ENAMETOOLONG));
}

void tuff_page_figure_files(struct tuff_page *page, const struct tuff_page_figure *figure)
{
    struct tuff_figure drawn;
    char path[PATH_MAX], title[256];
    snprintf(title, sizeof title, "%s%s%s", figure->heading, page->report->title == NULL ? "" : ": ",
             page->report->title == NULL ? "" : page->report->title);
    figure->draw(&drawn, page->report, title);
    // A grid of many images may be longer than a picture of pixels can be at twice its size.
    const double side = fmax(drawn.width, drawn.height), twice = 2;
    const struct tuff_figure_options options = {
        .size = sizeof options,
        .scale = side * twice > TUFF_MOST_PIXELS ? (TUFF_MOST_PIXELS - 1) / side : twice};
    for (int i = 0; i < 2 && page->status == TUFF_OK; i++) {
        page->status = join(page, path, figure->name, endings[i]);
        if (page->status == TUFF_OK)
            page->status = tuff_figure_write(page->log, &drawn, &options, path);
    }
    tuff_figure_free(&drawn);
}

void tuff_page_figure(struct tuff_page *page, const struct tuff_page_figure *figure, enum tuff_svg_kind kind)
{
    struct tuff_figure drawn;
    figure->draw(&drawn, page->report, NULL);
    tuff_text_add(&page->html, "<figure class=\"card\"><figcaption>");
    tuff_text_escape(&page->html, figure->heading);
    tuff_text_add(&page->html, "</figcaption>\n");
    if (kind == TUFF_SVG_FIXED) {
        tuff_text_add(&page->html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
        tuff_text_escape(&page->html, figure->heading);
        tuff_text_add(&page->html, "\">");
    }
    tuff_figure_svg(&drawn, kind, &page->html);
    tuff_text_add(&page->html, kind == TUFF_SVG_FIXED ? "</div></figure>\n" : "</figure>\n");
    tuff_figure_free(&drawn);
    tuff_page_figure_files(page, figure);
}

void tuff_page_no_figure(struct tuff_page *page, const char *name)
{
    char path[PATH_MAX];
    for (int i = 0; i < 2 && page->renews && page->status == TUFF_OK; i++) {
        page->status = join(page, path, name, endings[i]);
        if (page->status == TUFF_OK && unlink(path) != 0 && errno != ENOENT)
            page->status =
                tuff_fail(page->log, TUFF_ERROR_IO, "cannot remove '%s': %s", path, strerror(errno));
    }
}

void tuff_page_begin_section(struct tuff_page *page, const char *id, const char *heading)
{
    tuff_text_format(&page->html,
                     "<section id=\"%s\" aria-labelledby=\"%s-heading\">\n<h2 id=\"%s-heading\">", id, id,
                     id);
    tuff_text_escape(&page->html, heading);
    tuff_text_add(&page->html, "</h2>\n");
}

void tuff_page_end_section(struct tuff_page *page)
{
    tuff_text_add(&page->html, "</section>\n");
}

static void add_foot(struct tuff_page *page)
{
    char date[64] = "";
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) != NULL)
        strftime(date, sizeof date, " on %Y-%m-%d at %H:%M", &local);
    tuff_text_format(&page->html,
                     "</main>\n<footer>Written by tuff " TUFF_VERSION "%s.</footer>\n</body>\n</html>\n",
                     date);
}

static const struct {
    const char *id, *name;
    bool (*write)(struct tuff_page *page);
} sections[] = {
    {"training", "Training", tuff_page_curves}, {"classes", "Classes", tuff_page_confusion},
    {"misses", "Misses", tuff_page_misses},     {"filters", "First layer", tuff_page_filters},
    {"model", "Model", tuff_page_model},        {"run", "How it was made", tuff_page_run},
};
enum { SECTION_COUNT = sizeof sections / sizeof *sections };

// The sections are written first, since the links at the top name those that there are.
static void add_body(struct tuff_page *page)
{
    struct tuff_text before = page->html;
    page->html = (struct tuff_text){.bytes = NULL};
    bool there[SECTION_COUNT];
    for (size_t i = 0; i < SECTION_COUNT; i++)
        there[i] = sections[i].write(page);
    struct tuff_text body = page->html;
    page->html = before;
    tuff_text_add(&page->html, "<nav aria-label=\"Sections\">\n");
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (there[i])
            tuff_text_format(&page->html, "<a href=\"#%s\">%s</a>\n", sections[i].id, sections[i].name);
    tuff_text_add(&page->html, "</nav>\n</header>\n<main>\n");
    if (body.length > 0)
        tuff_text_add_bytes(&page->html, body.bytes, body.length);
    page->html.failed = page->html.failed || body.failed;
    tuff_text_free(&body);
}

// What lies in the folder may be somebody's own: only a page of tuff's is replaced.
static enum tuff_status find_earlier(struct tuff_page *page)
{
    static const char mark[] = "<meta name=\"generator\" content=\"tuff "; // as tuff_page_head writes it
    char path[PATH_MAX], begin[1024];
    struct stat info;
    FILE *file;
    enum tuff_status status = join(page, path, "index", "html");
    if (status == TUFF_OK && lstat(path, &info) != 0 && errno == ENOENT)
        return TUFF_OK;
    if (status == TUFF_OK)
        status = tuff_regular_file_open(page->log, path, &file, NULL);
    if (status != TUFF_OK)
        return status;
    size_t count = fread(begin, 1, sizeof begin, file);
    if (ferror(file))
        status = tuff_fail(page->log, TUFF_ERROR_IO, "cannot read '%s': %s", path, strerror(errno));
    fclose(file);
    page->renews = memmem(begin, count, mark, sizeof mark - 1) != NULL;
    if (page->renews || status != TUFF_OK)
        return status;
    return tuff_fail(page->log, TUFF_ERROR_INVALID, "'%s' is no page of tuff's; choose another folder", path);
}

static void save_page(struct tuff_page *page)
{
    char path[PATH_MAX];
    if (page->status == TUFF_OK)
        page->status = join(page, path, "index", "html");
    if (page->status == TUFF_OK)
        page->status = tuff_text_save(page->log, path, &page->html);
    tuff_text_free(&page->html);
}

// In the page's place until it is whole, so that its pictures are known for tuff's if it never is.
static void hold_place(struct tuff_page *page)
{
    tuff_page_head(page);
    tuff_text_add(&page->html,
                  "</header>\n<main>\n<p>This report was not finished.</p>\n</main>\n</body>\n</html>\n");
    save_page(page);
    page->html = (struct tuff_text){.bytes = NULL};
}

enum tuff_status tuff_report_write(const struct tuff_log *log, const char *folder,
                                   const struct tuff_report *report)
{
    struct tuff_report whole = {.size = 0};
    memcpy(&whole, report, report->size < sizeof whole ? report->size : sizeof whole);
    struct tuff_page page = {.log = log, .report = &whole, .folder = folder};
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return tuff_fail(log, TUFF_ERROR_IO, "cannot make the folder '%s': %s", folder, strerror(errno));
    page.status = find_earlier(&page);
    if (page.status == TUFF_OK && !page.renews)
        hold_place(&page);
    if (page.status != TUFF_OK)
        return page.status;
    tuff_page_head(&page);
    tuff_page_tiles(&page);
    add_body(&page);
    add_foot(&page);
    save_page(&page);
    return page.status;
}

enum tuff_status tuff_report_check(const struct tuff_log *log, const char *folder)
{
    struct tuff_page page = {.log = log, .folder = folder};
    char copy[PATH_MAX];
    struct stat info;
    const char *what = "write into";
    int failed = 0;
    if (snprintf(copy, sizeof copy, "%s", folder) >= (int)sizeof copy) {
        failed = ENAMETOOLONG;
    } else if (stat(folder, &info) == 0) {
        if (!S_ISDIR(info.st_mode))
            failed = ENOTDIR;
        else if (access(folder, W_OK | X_OK) != 0)
            failed = errno;
    } else {
        what = "make";
        failed = errno;
        if (failed == ENOENT && lstat(folder, &info) == 0) // a link to nowhere
            failed = EEXIST;
        else if (failed == ENOENT && folder[0] != '\0')
            failed = access(dirname(copy), W_OK | X_OK) == 0 ? 0 : errno;
    }
    if (failed != 0)
        return tuff_fail(log, TUFF_ERROR_IO, "cannot %s the folder '%s': %s", what, folder, strerror(failed));
    return find_earlier(&page);
}

enum tuff_status tuff_report_remove(const struct tuff_log *log, const char *folder)
{
    const struct tuff_log silent = {.write = NULL};
    const struct tuff_report nothing = {.size = sizeof nothing};
    struct tuff_page page = {.log = &silent, .report = &nothing, .folder = folder};
    struct stat info;
    char path[PATH_MAX];
    if (lstat(folder, &info) != 0 || !S_ISDIR(info.st_mode) ||
        join(&page, path, "index", "html") != TUFF_OK || lstat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return TUFF_OK;
    const enum tuff_status found = find_earlier(&page);
    if (found == TUFF_ERROR_INVALID || found == TUFF_ERROR_NOT_FOUND)
        return TUFF_OK;
    if (found != TUFF_OK)
        return tuff_fail(log, found, "cannot read '%s'", path);
    page.log = log;
    // A section that the report has nothing for removes its pictures.
    for (size_t i = 0; i < SECTION_COUNT; i++)
        (void)sections[i].write(&page);
    tuff_text_free(&page.html);
    if (page.status == TUFF_OK && unlink(path) != 0)
        page.status = tuff_fail(log, TUFF_ERROR_IO, "cannot remove '%s': %s", path, strerror(errno));
    if (page.status == TUFF_OK)
        (void)rmdir(folder); // stays if it holds files of others
    return page.status;
}
