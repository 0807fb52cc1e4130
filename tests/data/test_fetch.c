// Fetching: from folders, and from a server on this machine.
#include "data/fetch.h"

#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "data/places.h"
#include "data/sha256.h"
#include "http_server.h"
#include "idx_bytes.h"

enum { BYTES = 200000 };

static char warnings[8192]; // all of them, a line each
static unsigned char content[BYTES];
static char digest[TUFF_SHA256_TEXT_BYTES], short_digest[TUFF_SHA256_TEXT_BYTES];
static struct http_server *server;

static void note(void *user, enum tuff_log_level level, const char *message)
{
    scratch_note(user, level, message);
    if (level == TUFF_LOG_WARNING && strlen(warnings) + strlen(message) + 2 < sizeof warnings)
        strcat(strcat(warnings, message), "\n");
}

static const struct tuff_log test_log = {note, NULL, TUFF_LOG_DEBUG};

static void digest_of(const void *bytes, size_t count, char text[TUFF_SHA256_TEXT_BYTES])
{
    struct tuff_sha256 hash;
    uint8_t found[TUFF_SHA256_BYTES];
    tuff_sha256_begin(&hash);
    tuff_sha256_add(&hash, bytes, count);
    tuff_sha256_end(&hash, found);
    tuff_sha256_text(found, text);
}

// Two files: a.bin of 200,000 bytes, b.bin of 1,000.
static struct tuff_fetch_file files[2];
static const char *own_mirrors[] = {"https://127.0.0.1:1/nobody"};
static struct tuff_fetch_set set = {own_mirrors, 1, files, 2};

static void begin(void)
{
    scratch_begin();
    unsetenv("TUFF_DATA");
    setenv("XDG_CACHE_HOME", scratch_path("cache"), 1);
    // A proxy is for the world outside.
    unsetenv("http_proxy"), unsetenv("https_proxy"), unsetenv("all_proxy"), unsetenv("ALL_PROXY");
    for (unsigned i = 0, seed = 3; i < BYTES; i++) {
        seed = seed * 1664525u + 1013904223u;
        content[i] = (unsigned char)(seed >> 24);
    }
    mkdir(scratch_path("mirror"), 0700);
    scratch_write("mirror/a.bin", content, BYTES);
    scratch_write("mirror/b.bin", content, 1000);
    digest_of(content, BYTES, digest);
    digest_of(content, 1000, short_digest);
    files[0] = (struct tuff_fetch_file){"a.bin", BYTES, digest, NULL, 0};
    files[1] = (struct tuff_fetch_file){"b.bin", 1000, short_digest, NULL, 0};
    server = http_server_start(scratch_path("mirror"));
    cr_assert_not_null(server);
}

TestSuite(fetch, .init = begin, .fini = scratch_end, .timeout = 60);

// "http://127.0.0.1:PORT/part"; good until four further calls.
static const char *address(const char *part)
{
    static char texts[4][PATH_MAX + 64];
    static unsigned next;
    char *text = texts[next++ % 4];
    snprintf(text, sizeof texts[0], "http://127.0.0.1:%d/%s", http_server_port(server), part);
    return text;
}

static enum tuff_status fetch_from(const char *const *mirrors, size_t count)
{
    const struct tuff_fetch_options options = {
        .size = sizeof options, .mirrors = mirrors, .mirror_count = count, .allow_http = 1};
    warnings[0] = '\0';
    return tuff_fetch_files(&test_log, &set, &options, scratch_path("to"));
}

static enum tuff_status fetch(const char *mirror)
{
    return fetch_from(&mirror, 1);
}

static void expect_file(const char *name, size_t count)
{
    size_t found;
    unsigned char *bytes = scratch_read(scratch_path(name), &found);
    cr_assert_eq(found, count);
    cr_assert_arr_eq(bytes, content, count);
    free(bytes);
}

static void expect_all(void)
{
    expect_file("to/a.bin", BYTES);
    expect_file("to/b.bin", 1000);
    DIR *folder = opendir(scratch_path("to"));
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        cr_assert(entry->d_name[0] == '.' || strstr(entry->d_name, ".part") == NULL, "%s is left",
                  entry->d_name);
    closedir(folder);
}

static void expect_warning(const char *words)
{
    cr_assert_not_null(strstr(warnings, words), "expected '%s' in: %s", words, warnings);
}

static void expect_absent(const char *name)
{
    cr_assert_eq(access(scratch_path(name), F_OK), -1, "%s is there", name);
}

static int requests(void)
{
    char path[256], range[64];
    return http_server_requests(server, path, range);
}

static void make_part(const void *bytes, size_t count)
{
    mkdir(scratch_path("to"), 0700);
    scratch_write("to/a.bin.part", bytes, count);
}

Test(fetch, takes_files_from_a_folder)
{
    cr_assert_eq(fetch(scratch_path("mirror")), TUFF_OK, "%s", scratch_error);
    expect_all();
    char url[PATH_MAX + 16];
    snprintf(url, sizeof url, "file://%s/", scratch_path("mirror"));
    unlink(scratch_path("to/a.bin"));
    cr_assert_eq(fetch(url), TUFF_OK, "%s", scratch_error);
    expect_all();
    // With a name that an address must not have as it is, and a path that is not absolute.
    cr_assert_eq(rename(scratch_path("mirror"), scratch_path("100% m#ir?r\xc3\xb6r")), 0);
    unlink(scratch_path("to/a.bin"));
    cr_assert_eq(chdir(scratch_folder), 0);
    cr_assert_eq(fetch("100% m#ir?r\xc3\xb6r"), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(chdir("/"), 0);
    expect_all();
    unlink(scratch_path("to/a.bin"));
    scratch_expect(fetch("/nowhere/at/all"), TUFF_ERROR_NOT_FOUND,
                   "cannot fetch from '/nowhere/at/all': No such file");
}

Test(fetch, takes_files_from_a_server_and_keeps_them)
{
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    expect_all();
    cr_assert_eq(requests(), 2);
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(requests(), 2, "what was there was fetched again");
    cr_assert_str_empty(warnings);
    // What is there and wrong is replaced.
    scratch_write("to/b.bin", content + 1, 1000);
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    expect_warning("b.bin: is not the right one, and will be replaced");
    cr_assert_eq(requests(), 3);
    expect_all();
}

Test(fetch, resumes)
{
    char path[256], range[64];
    make_part(content, 150000);
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    expect_all();
    cr_assert_eq(requests(), 2);
    unlink(scratch_path("to/a.bin"));
    make_part(content, 150000);
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    http_server_requests(server, path, range);
    cr_assert_str_eq(path, "/a.bin");
    cr_assert_str_eq(range, "150000-");
    unlink(scratch_path("to/a.bin"));
    // The connection breaks again and again: each time it goes on from where it ended.
    for (int i = 0; i < 4; i++) {
        struct stat info;
        cr_assert_eq(fetch(address("cut/60000/")), i < 3 ? TUFF_ERROR_IO : TUFF_OK, "%s", scratch_error);
        scratch_errors = 0;
        http_server_requests(server, path, range);
        cr_assert_str_eq(range, ((const char *[]){"", "60000-", "120000-", "180000-"})[i]);
        if (i == 3)
            break;
        expect_absent("to/a.bin");
        cr_assert_eq(stat(scratch_path("to/a.bin.part"), &info), 0);
        cr_assert_eq(info.st_size, 60000 * (i + 1));
    }
    expect_all();
}

Test(fetch, starts_again_where_resuming_cannot_be_right)
{
    make_part(content + 1, 150000); // of another file
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    expect_all();
    unlink(scratch_path("to/a.bin"));
    make_part(content, 150000);
    cr_assert_eq(fetch(address("norange/")), TUFF_OK, "%s", scratch_error);
    expect_all();
    unlink(scratch_path("to/a.bin"));
    make_part(content + 1, BYTES - 1); // the server has a byte more
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    expect_all();
    unlink(scratch_path("to/a.bin"));
    unsigned char *longer = calloc(1, BYTES + 5);
    make_part(longer, BYTES); // as long as the whole, and wrong: the server has no more
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    expect_all();
    unlink(scratch_path("to/a.bin"));
    make_part(longer, BYTES + 5);
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    expect_all();
    free(longer);
    // A part that is the whole needs no server.
    unlink(scratch_path("to/a.bin"));
    make_part(content, BYTES);
    int before = requests();
    cr_assert_eq(fetch(address("")), TUFF_OK, "%s", scratch_error);
    cr_assert_eq(requests(), before);
    expect_all();
    cr_assert_str_empty(warnings);
}

Test(fetch, refuses_what_is_wrong)
{
    scratch_expect(fetch(address("wrong/")), TUFF_ERROR_IO, "a.bin: none of 1 places gave the right file");
    expect_warning("expected SHA-256 ");
    expect_absent("to/a.bin");
    expect_absent("to/a.bin.part");
    scratch_expect(fetch(address("long/")), TUFF_ERROR_IO, "none of 1 places");
    expect_warning("it is longer than it should be");
    expect_absent("to/a.bin");
    expect_absent("to/a.bin.part");
    scratch_expect(fetch(address("error/")), TUFF_ERROR_IO, "none of 1 places");
    expect_warning("500");
    scratch_expect(fetch(address("nowhere/")), TUFF_ERROR_IO, "none of 1 places");
    expect_warning("404");
    scratch_expect(fetch(address("loop/")), TUFF_ERROR_IO, "none of 1 places");
    expect_warning("redirects");
    expect_absent("to/a.bin");
    expect_absent("to/a.bin.part");
}

Test(fetch, tries_mirrors_in_order)
{
    char away[64];
    struct http_server *other = http_server_start(scratch_path("mirror"));
    cr_assert_not_null(other);
    snprintf(away, sizeof away, "http://127.0.0.1:1/nobody");
    const char *const mirrors[] = {
        away, "/nowhere", address("error"), address("wrong"), address("cut/7"), address("")};
    cr_assert_eq(fetch_from(mirrors, 6), TUFF_OK, "%s", scratch_error);
    expect_all();
    expect_warning("a.bin: not from http://127.0.0.1:1/nobody/a.bin: ");
    expect_warning("/error/a.bin: ");
    expect_warning("/wrong/a.bin: expected SHA-256");
    expect_warning("/cut/7/a.bin: ");
    expect_warning("a.bin: not from /nowhere: No such file");
    cr_assert_null(strstr(warnings, "b.bin"),
                   "the mirror that answered was not the first for the next file: %s", warnings);
}

Test(fetch, takes_http_only_where_it_is_allowed)
{
    const char *mirror = address("");
    struct tuff_fetch_options options = {.size = sizeof options, .mirrors = &mirror, .mirror_count = 1};
    scratch_expect(tuff_fetch_files(&test_log, &set, &options, scratch_path("to")), TUFF_ERROR_INVALID,
                   "expected a folder, https:// or file://; --allow-http");
    mirror = "ftp://127.0.0.1/";
    scratch_expect(tuff_fetch_files(&test_log, &set, &options, scratch_path("to")), TUFF_ERROR_INVALID,
                   "expected a folder, https:// or file://");
    cr_assert_eq(requests(), 0);
    // Among those that are known it is passed over.
    const char *const known[] = {address(""), "file:///nowhere"};
    const struct tuff_fetch_set mixed = {known, 2, files, 2};
    options.mirrors = NULL;
    scratch_expect(tuff_fetch_files(&test_log, &mixed, &options, scratch_path("to")), TUFF_ERROR_IO,
                   "none of 1 places");
    cr_assert_eq(requests(), 0);
}

Test(fetch, follows_no_redirection_to_a_file)
{
    char part[PATH_MAX];
    snprintf(part, sizeof part, "local%s", scratch_path("mirror"));
    scratch_expect(fetch(address(part)), TUFF_ERROR_IO, "none of 1 places");
    expect_absent("to/a.bin");
    struct http_server *other = http_server_start(scratch_path("mirror"));
    cr_assert_not_null(other);
    snprintf(part, sizeof part, "away/%d", http_server_port(other));
    cr_assert_eq(fetch(address(part)), TUFF_OK, "%s", scratch_error); // to http, which is allowed here
    expect_all();
}

// A file of another packing is right if what it unpacks to is.
Test(fetch, takes_any_packing_of_the_right_content)
{
    files[0] = (struct tuff_fetch_file){"a.bin", 5, short_digest, digest, BYTES};
    write_gzip("mirror/a.bin", content, BYTES);
    cr_assert_eq(fetch(scratch_path("mirror")), TUFF_OK, "%s", scratch_error);
    unlink(scratch_path("to/a.bin"));
    scratch_write("mirror/a.bin", content, BYTES);
    cr_assert_eq(fetch(scratch_path("mirror")), TUFF_OK, "%s", scratch_error);
    unlink(scratch_path("to/a.bin"));
    write_gzip("mirror/a.bin", content, BYTES - 1);
    scratch_expect(fetch(scratch_path("mirror")), TUFF_ERROR_IO, "none of 1 places");
    unsigned char *zeros = calloc(1, 100 * BYTES); // a few bytes that unpack to more
    write_gzip("mirror/a.bin", zeros, 100 * BYTES);
    scratch_expect(fetch(scratch_path("mirror")), TUFF_ERROR_IO, "none of 1 places");
    free(zeros);
    expect_absent("to/a.bin");
}

struct seen {
    int calls, stop_at;
    uint64_t bytes, total;
};

static int watch(void *user, const struct tuff_fetch_progress *now)
{
    struct seen *seen = user;
    seen->calls++;
    if (strcmp(now->file, "a.bin") == 0) {
        cr_assert(now->bytes >= seen->bytes && now->bytes <= BYTES);
        cr_assert(now->index == 0 && now->files == 2);
        seen->bytes = now->bytes;
        seen->total = now->total;
    }
    return seen->calls == seen->stop_at;
}

Test(fetch, tells_how_far_it_is_and_stops)
{
    const char *mirror = address("slow/");
    struct seen seen = {.stop_at = 4};
    struct tuff_fetch_options options = {.size = sizeof options,
                                         .mirrors = &mirror,
                                         .mirror_count = 1,
                                         .allow_http = 1,
                                         .progress = watch,
                                         .user = &seen};
    cr_assert_eq(tuff_fetch_files(&test_log, &set, &options, scratch_path("to")), TUFF_ERROR_INTERRUPTED);
    cr_assert_eq(seen.calls, 4);
    cr_assert_eq(seen.total, BYTES);
    cr_assert(seen.bytes > 0 && seen.bytes < BYTES);
    expect_absent("to/a.bin");
    struct stat info;
    cr_assert_eq(stat(scratch_path("to/a.bin.part"), &info), 0);
    cr_assert(info.st_size > 0 && info.st_size < BYTES);
    mirror = address("");
    seen = (struct seen){.stop_at = -1};
    cr_assert_eq(tuff_fetch_files(&test_log, &set, &options, scratch_path("to")), TUFF_OK);
    cr_assert(seen.calls >= 2);
    expect_all();
}

Test(fetch, leaves_the_part_of_another_alone)
{
    make_part(content, 5);
    FILE *part = fopen(scratch_path("to/a.bin.part"), "rb");
    cr_assert_eq(flock(fileno(part), LOCK_EX), 0);
    scratch_expect(fetch(scratch_path("mirror")), TUFF_ERROR_IO, "another tuff is fetching it");
    fclose(part);
    cr_assert_eq(fetch(scratch_path("mirror")), TUFF_OK, "%s", scratch_error);
    expect_all();
}

Test(fetch, says_what_cannot_be_written)
{
    scratch_write("to", "", 0);
    scratch_expect(fetch(scratch_path("mirror")), TUFF_ERROR_IO, "cannot make the folder");
}

// -- The public call

Test(fetch, knows_the_sets)
{
    char path[PATH_MAX];
    const struct tuff_fetch_options no_size = {.folder = "x"};
    scratch_expect(tuff_dataset_fetch(&test_log, "mnits", NULL, NULL, 0), TUFF_ERROR_NOT_FOUND,
                   "did you mean 'mnist'");
    scratch_expect(tuff_dataset_fetch(&test_log, "digits", NULL, NULL, 0), TUFF_ERROR_INVALID,
                   "nothing to fetch");
    scratch_expect(tuff_dataset_fetch(&test_log, "mnist", &no_size, NULL, 0), TUFF_ERROR_INVALID,
                   "size is not set");
    const char *mirror = scratch_path("mirror");
    const struct tuff_fetch_options options = {.size = sizeof options, .mirrors = &mirror, .mirror_count = 1};
    scratch_expect(tuff_dataset_fetch(&test_log, "mnist", &options, path, 3), TUFF_ERROR_INVALID,
                   "expected room for");
    scratch_expect(tuff_dataset_fetch(&test_log, "mnist", &options, path, sizeof path), TUFF_ERROR_IO,
                   "train-images-idx3-ubyte.gz: none of 1 places gave the right file");
    expect_absent("cache/tuff/mnist/train-images-idx3-ubyte.gz");
}
