/* Bodies into files: whole and under their name, or not at all. */
#include "sink.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* A folder of its own for each test. */
static const char *new_folder(void)
{
    const char *folder = text("%s.tmp", new_key());
    CHECK_EQ(mkdir(folder, 0700), 0);
    return folder;
}

static const char *in(const char *folder)
{
    return text("%s/file", folder);
}

/* How many files it has, whatever their names. */
static unsigned files_in(const char *folder)
{
    unsigned count = 0;
    DIR *open = opendir(folder);
    if (CHECK(open != NULL)) {
        for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
            count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        }
        closedir(open);
    }
    return count;
}

static void remove_folder(const char *folder)
{
    unlink(in(folder));
    CHECK_EQ(rmdir(folder), 0);
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fputs(content, file) >= 0 && fclose(file) == 0);
}

/* Whether byte number i of `length` is i modulo 251. */
static bool holds_bytes(const char *path, uint64_t length)
{
    FILE *file = fopen(path, "rb");
    uint64_t at = 0;
    if (!CHECK(file != NULL)) {
        return false;
    }
    for (int c = getc(file); c != EOF; c = getc(file), at++) {
        if ((uint64_t)c != at % 251) {
            break;
        }
    }
    fclose(file);
    return CHECK_EQ(at, length);
}

static bool holds(const char *path, const char *content)
{
    char bytes[256] = "";
    FILE *file = fopen(path, "rb");
    if (!CHECK(file != NULL)) {
        return false;
    }
    bytes[fread(bytes, 1, sizeof bytes - 1, file)] = 0;
    fclose(file);
    return CHECK_STR(bytes, content);
}

static httpc_request *request_to(const char *url, const char *path)
{
    httpc_request *request = new_request("GET", url);
    CHECK_CODE(httpc_request_set_body_file_sink(request, path), HTTPC_OK);
    return request;
}

TEST(a_body_becomes_a_file)
{
    IN_EVERY_WAY {
        static const uint64_t lengths[] = {0, 1, 3000000};
        for (size_t i = 0; i < 3; i++) {
            httpc_client *client = new_client(config_of(way));
            const char *folder = new_folder();
            const char *url = text("/bytes/%u", (unsigned)lengths[i]);
            CHECK_CODE(code_of(make(way, client, request_to(url, in(folder)))), HTTPC_OK);
            CHECK(holds_bytes(in(folder), lengths[i]));
            CHECK_EQ(files_in(folder), 1);
            remove_folder(folder);
            httpc_client_free(client);
        }
    }
}

TEST(a_download_is_one_call)
{
    httpc_client *client = new_client(NULL);
    const char *folder = new_folder();
    httpc_response *response = NULL;
    CHECK_CODE(httpc_download(client, "/bytes/1000", in(folder), &response, NULL), HTTPC_OK);
    CHECK_EQ(httpc_response_status(response), 200);
    CHECK(holds_bytes(in(folder), 1000));
    httpc_response_free(response);
    remove_folder(folder);
    httpc_client_free(client);
}

TEST(a_file_of_that_name_is_replaced)
{
    httpc_client *client = new_client(NULL);
    const char *folder = new_folder();
    write_file(in(folder), "old");
    CHECK_CODE(code_of(make(&ways[0], client, request_to("/bytes/1000", in(folder)))), HTTPC_OK);
    CHECK(holds_bytes(in(folder), 1000));
    remove_folder(folder);
    httpc_client_free(client);
}

TEST(a_link_is_followed)
{
    httpc_client *client = new_client(NULL);
    const char *folder = new_folder();
    const char *link = text("%s/link", folder);
    struct stat is;
    write_file(in(folder), "old");
    CHECK_EQ(symlink("file", link), 0);
    CHECK_CODE(code_of(make(&ways[0], client, request_to("/bytes/1000", link))), HTTPC_OK);
    CHECK(lstat(link, &is) == 0 && S_ISLNK(is.st_mode));
    CHECK(holds_bytes(in(folder), 1000));
    unlink(link);
    remove_folder(folder);
    httpc_client_free(client);
}

TEST(it_has_the_permissions_of_any_new_file)
{
    httpc_client *client = new_client(NULL);
    const char *folder = new_folder();
    struct stat is;
    mode_t before = umask(027);
    CHECK_CODE(code_of(make(&ways[0], client, request_to("/bytes/10", in(folder)))), HTTPC_OK);
    umask(before);
    CHECK_EQ(stat(in(folder), &is), 0);
    CHECK_EQ(is.st_mode & 0777, 0640);
    remove_folder(folder);
    httpc_client_free(client);
}

/* Whatever goes wrong: no new file, nothing left behind, and an old one as it was. */
static void check_nothing_changes(const struct way *way, const char *url, httpc_code code, httpc_code or_code)
{
    httpc_config *config = config_of(way);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_READ, 200);
    httpc_client *client = new_client(config);
    const char *folder = new_folder();
    struct outcome o = make(way, client, request_to(url, in(folder)));
    CHECK(o.code == or_code || CHECK_CODE(o.code, code));
    CHECK_EQ(files_in(folder), 0);
    done(&o);
    write_file(in(folder), "old");
    o = make(way, client, request_to(url, in(folder)));
    CHECK(o.code == or_code || CHECK_CODE(o.code, code));
    CHECK_EQ(files_in(folder), 1);
    CHECK(holds(in(folder), "old"));
    done(&o);
    remove_folder(folder);
    httpc_client_free(client);
}

TEST(a_failure_leaves_no_file)
{
    IN_EVERY_WAY {
        check_nothing_changes(way, "/status/404?body=gone", HTTPC_E_STATUS, HTTPC_E_STATUS);
        check_nothing_changes(way, "/truncate", HTTPC_E_TRUNCATED, HTTPC_E_PROTOCOL);
        check_nothing_changes(way, "/reset/in-body", HTTPC_E_IO, HTTPC_E_TRUNCATED);
        check_nothing_changes(way, "/stall-body", HTTPC_E_TIMEOUT_READ, HTTPC_E_TIMEOUT_READ);
    }
}

TEST(an_answer_that_is_no_success_leaves_the_file_alone)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        const char *folder = new_folder();
        write_file(in(folder), "old");
        httpc_request *request = request_to("/status/404?body=gone", in(folder));
        httpc_request_set_status_errors(request, 0);
        struct outcome o = make(way, client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(body(&o), "gone");
        CHECK(holds(in(folder), "old"));
        done(&o);
        request = request_to("/status/304", in(folder));
        CHECK_CODE(code_of(make(way, client, request)), HTTPC_OK);
        CHECK(holds(in(folder), "old"));
        remove_folder(folder);
        httpc_client_free(client);
    }
}

/* Nothing is sent where no file can be. */
static void check_refused(const char *path, const char *says)
{
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        const char *key = new_key();
        httpc_request *request = request_to(text("/bytes/10?key=%s", key), path);
        httpc_error *error = NULL;
        httpc_response *response = NULL;
        if (way->is_submitted) {
            CHECK_CODE(httpc_submit(client, request, NULL, NULL, NULL, &error), HTTPC_E_FILE);
        } else {
            CHECK_CODE(httpc_send(client, request, &response, &error), HTTPC_E_FILE);
        }
        CHECK_HAS(httpc_error_detail(error), path);
        CHECK_HAS(httpc_error_detail(error), says);
        CHECK_EQ(server_count(key), 0);
        httpc_error_free(error);
        httpc_request_free(request);
        httpc_client_free(client);
    }
}

TEST(where_no_file_can_be_nothing_is_sent)
{
    check_refused("no/such/folder", "No such file or directory");
    check_refused("/dev", "is a directory");
    check_refused("/dev/null", "is no regular file");
    check_refused("/proc/download", "cannot be made");
}

TEST(a_path_is_needed)
{
    httpc_request *request = new_request("GET", "/");
    CHECK_CODE(httpc_request_set_body_file_sink(request, NULL), HTTPC_E_INVALID_ARG);
    httpc_request_free(request);
    request = new_request("GET", "/");
    CHECK_CODE(httpc_request_set_body_file_sink(request, ""), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`path`");
    httpc_request_free(request);
}

TEST(a_disk_that_takes_no_more_ends_the_call)
{
    struct rlimit before, small;
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    IN_EVERY_WAY {
        httpc_client *client = new_client(config_of(way));
        const char *folder = new_folder(), *key = new_key();
        CHECK_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
        struct outcome o = make(way, client, request_to(text("/bytes/3000000?key=%s", key), in(folder)));
        CHECK_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
        CHECK_CODE(o.code, HTTPC_E_FILE);
        CHECK_HAS(httpc_error_detail(o.error), "cannot be written: File too large");
        CHECK_HAS(httpc_error_detail(o.error), folder);
        CHECK_EQ(server_count(key), 1);
        CHECK_EQ(files_in(folder), 0);
        done(&o);
        remove_folder(folder);
        httpc_client_free(client);
    }
}

TEST(a_folder_that_is_gone_at_the_end_is_an_error)
{
    httpc_client *client = new_client(NULL);
    const char *folder = new_folder(), *key = new_key();
    httpc_call *call = submit(client, request_to(text("/gate?key=%s", key), in(folder)), NULL, NULL);
    CHECK_COMES_TRUE(server_count(key) == 1);
    CHECK_EQ(mkdir(in(folder), 0700), 0);
    open_gate(key, 0);
    struct outcome o = result_of(call);
    CHECK_CODE(o.code, HTTPC_E_FILE);
    CHECK_HAS(httpc_error_detail(o.error), "cannot be put in its place: Is a directory");
    CHECK_EQ(rmdir(in(folder)), 0);
    CHECK_EQ(files_in(folder), 0);
    done(&o);
    remove_folder(folder);
    httpc_client_free(client);
}
