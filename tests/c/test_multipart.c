/* multipart/form-data, as the WHATWG HTML standard encodes it, and as Python's parser reads it back. */
#include "bodies.h"

#include <sys/wait.h>
#include <unistd.h>

/* The body with its boundary, which is random, written as B. */
static const char *sent_body(const struct outcome *o)
{
    static char shown[8192];
    const char *type = httpc_response_json_string(o->response, "/headers/content-type/0", NULL);
    const char *from = httpc_response_json_string(o->response, "/body", NULL);
    const char *boundary = type != NULL ? strstr(type, "boundary=") : NULL;
    if (!CHECK(boundary != NULL) || !CHECK(from != NULL)) {
        return "";
    }
    CHECK(strncmp(type, "multipart/form-data; ", 21) == 0);
    boundary += strlen("boundary=");
    size_t length = strlen(boundary), at = 0;
    while (*from != 0 && at + 1 < sizeof shown) {
        bool is_boundary = strncmp(from, boundary, length) == 0;
        shown[at++] = is_boundary ? 'B' : *from;
        from += is_boundary ? length : 1;
    }
    shown[at] = 0;
    return shown;
}

/* Takes the request. */
static void check_sent_as(httpc_request *request, const char *wanted)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(sent_body(&o), wanted);
    CHECK(httpc_response_json_string(o.response, "/headers/content-length/0", NULL) != NULL);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(fields_and_files)
{
    const char *path = new_file(5);
    httpc_request *request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_add_part(request, "title", "A lamp"), HTTPC_OK);
    CHECK_CODE(httpc_request_add_part_bytes(request, "raw", NULL, NULL, "a\nb", 3), HTTPC_OK);
    CHECK_CODE(httpc_request_add_part_bytes(request, "file", "a.json", "application/json", "{}", 2), HTTPC_OK);
    CHECK_CODE(httpc_request_add_part_file(request, "scan", path, NULL, NULL), HTTPC_OK);
    CHECK_CODE(httpc_request_add_part_file(request, "scan", path, "other.txt", "text/plain"), HTTPC_OK);
    check_sent_as(request, text("--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nA lamp\r\n"
                                "--B\r\nContent-Disposition: form-data; name=\"raw\"\r\n\r\na\nb\r\n"
                                "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.json\"\r\n"
                                "Content-Type: application/json\r\n\r\n{}\r\n"
                                "--B\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"%s\"\r\n"
                                "Content-Type: application/octet-stream\r\n\r\nabcde\r\n"
                                "--B\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"other.txt\"\r\n"
                                "Content-Type: text/plain\r\n\r\nabcde\r\n--B--\r\n",
                                path));
    CHECK(unlink(path) == 0);
}

/* The standard's rules: line ends of names and values become CR LF, those of filenames stay; then these and quotes are escaped. */
TEST(names_are_encoded_as_browsers_do)
{
    httpc_request *request = new_request("POST", "/echo");
    httpc_request_add_part(request, "a\"b\nc\rd\r\ne", "1\n2\r3\r\n4");
    httpc_request_add_part_bytes(request, "J\xc3\xb6rg", "x\"\n\r.txt", "text/plain", NULL, 0);
    check_sent_as(request, "--B\r\nContent-Disposition: form-data; name=\"a%22b%0D%0Ac%0D%0Ad%0D%0Ae\"\r\n\r\n1\r\n2\r\n3\r\n4\r\n"
                           "--B\r\nContent-Disposition: form-data; name=\"J\xc3\xb6rg\"; filename=\"x%22%0A%0D.txt\"\r\n"
                           "Content-Type: text/plain\r\n\r\n\r\n--B--\r\n");
}

TEST(a_multipart_body_is_sent_again_by_retries_and_redirects)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        const char *key = new_key(), *path = new_file(100000);
        httpc_request *request = new_request("PUT", text("/sequence/503,reset,200?key=%s", key));
        httpc_request_add_part(request, "marker", "first");
        httpc_request_add_part_file(request, "file", path, NULL, NULL);
        httpc_request_add_part(request, "marker", "last");
        CHECK_CODE(code_of(perform(way, client, request)), HTTPC_OK);
        CHECK_EQ(server_count_body(key, "first"), 3);
        CHECK_EQ(server_count_body(key, "last"), 3);

        request = new_request("POST", "/redirect/307?to=/echo");
        httpc_request_add_part_file(request, "file", path, NULL, NULL);
        struct outcome o = perform(way, client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_HAS(httpc_response_json_string(o.response, "/body", NULL), "--\r\n");
        done(&o);
        httpc_client_free(client);
        CHECK(unlink(path) == 0);
    }
}

TEST(a_missing_file_sends_nothing)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    httpc_request *request = new_request("POST", text("/echo?key=%s", key));
    httpc_request_add_part(request, "a", "1");
    CHECK_CODE(httpc_request_add_part_file(request, "b", "no-such-file.tmp", NULL, NULL), HTTPC_OK);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_FILE);
    CHECK_HAS(httpc_error_detail(o.error), "no-such-file.tmp");
    CHECK_EQ(server_count(key), 0);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(a_content_type_without_the_boundary_is_refused)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("POST", "/echo");
    httpc_request_add_part(request, "name", "value");
    httpc_request_set_header(request, "content-type", "multipart/form-data");
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(o.error), "boundary");
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(bad_parts_name_the_argument)
{
    httpc_request *request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_add_part_bytes(request, "a", "f", "text/plain\r\nX: y", "1", 1), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`content_type`");
    httpc_request_free(request);
    request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_add_part_file(request, "a", NULL, NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`path`");
    httpc_request_free(request);
}

/* ---- A thousand parts, read back by Python ---- */

#define PARTS 1000

/* The length of part i, and its bytes: all values, line ends and what looks like a boundary among them. */
static size_t part_length(unsigned i)
{
    return i * 7 % 3001;
}

static void fill_part(unsigned i, unsigned char *bytes)
{
    for (size_t at = 0; at < part_length(i); at++) {
        bytes[at] = (unsigned char)((at * 31 + i) % 256);
    }
    if (part_length(i) > 4) {
        memcpy(bytes, "\r\n--", 4);
    }
}

static const char SCRIPT[] = "import sys, email.parser, email.policy\n"
                             "kind, body, out = sys.argv[1], open(sys.argv[2], 'rb').read(), open(sys.argv[3], 'wb')\n"
                             "text = b'Content-Type: ' + kind.encode() + b'\\r\\n\\r\\n' + body\n"
                             "for part in email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(text).get_payload():\n"
                             "    name = part.get_param('name', header='content-disposition')\n"
                             "    content = part.get_payload(decode=True)\n"
                             "    out.write(f'{name}\\n{part.get_filename()}\\n{len(content)}\\n'.encode() + content)\n";

static void write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    if (CHECK(file != NULL)) {
        CHECK(fwrite(bytes, 1, length, file) == length);
        CHECK(fclose(file) == 0);
    }
}

static bool same_files(const char *one, const char *other)
{
    FILE *a = fopen(one, "rb"), *b = fopen(other, "rb");
    bool same = a != NULL && b != NULL;
    for (int c = 0; same && c != EOF;) {
        c = getc(a);
        same = c == getc(b);
    }
    if (a != NULL) {
        fclose(a);
    }
    if (b != NULL) {
        fclose(b);
    }
    return same;
}

/* The exit code; 127 where there is no such program. */
static int run(char *const *words)
{
    pid_t child = fork();
    if (child == 0) {
        execvp(words[0], words);
        _exit(127);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Half of the parts are files, the others bytes; what is wanted back is written as the script writes what it reads. */
static void add_parts(httpc_request *request, const char *path, const char *wanted_path)
{
    static unsigned char bytes[3001];
    FILE *wanted = fopen(wanted_path, "wb");
    for (unsigned i = 0; i < PARTS && CHECK(wanted != NULL); i++) {
        const char *name = text("name-%u", i), *filename = text("file %u.bin", i);
        fill_part(i, bytes);
        if (i % 2 == 0) {
            httpc_request_add_part_bytes(request, name, filename, "application/octet-stream", bytes, part_length(i));
        } else {
            write_file(text("%s.%u", path, i), bytes, part_length(i));
            httpc_request_add_part_file(request, name, text("%s.%u", path, i), filename, NULL);
        }
        fprintf(wanted, "%s\n%s\n%zu\n", name, filename, part_length(i));
        fwrite(bytes, 1, part_length(i), wanted);
    }
    if (wanted != NULL) {
        CHECK(fclose(wanted) == 0);
    }
}

TEST(python_reads_a_thousand_parts_back)
{
    char *ask[] = {"python3", "-c", "", NULL};
    if (run(ask) != 0) {
        check_skip_this = "there is no python3";
        return;
    }
    char path[64], wanted[80], read[80];
    snprintf(path, sizeof path, "multipart-%s.tmp", new_key());
    snprintf(wanted, sizeof wanted, "%s.wanted", path);
    snprintf(read, sizeof read, "%s.read", path);
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("POST", "/body");
    add_parts(request, path, wanted);
    CHECK(httpc_request_error(request) == NULL);
    struct outcome o = send_request(client, request);
    if (CHECK_CODE(o.code, HTTPC_OK)) {
        size_t length = 0;
        const void *sent = httpc_response_body(o.response, &length);
        write_file(path, sent, length);
        char *words[] = {"python3", "-c", (char *)(uintptr_t)SCRIPT, (char *)(uintptr_t)httpc_response_header(o.response, "Content-Type"),
                         path, read, NULL};
        CHECK_EQ(run(words), 0);
        CHECK(same_files(read, wanted));
    }
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
    for (unsigned i = 1; i < PARTS; i += 2) {
        CHECK(unlink(text("%s.%u", path, i)) == 0);
    }
    unlink(path);
    unlink(wanted);
    unlink(read);
}
