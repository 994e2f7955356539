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

/* Writes what the program wanted to send, in the form that the script below prints: name, filename, length, bytes. */
static void write_wanted(FILE *file, unsigned i, const unsigned char *bytes)
{
    fprintf(file, "name-%u\nfile \xc3\xa4 %u.bin\n%zu\n", i, i, part_length(i));
    fwrite(bytes, 1, part_length(i), file);
}

static const char SCRIPT[] = "import sys, email.parser, email.policy\n"
                             "type, body, out = sys.argv[1], open(sys.argv[2], 'rb').read(), open(sys.argv[3], 'wb')\n"
                             "text = b'Content-Type: ' + type.encode() + b'\\r\\n\\r\\n' + body\n"
                             "policy = email.policy.HTTP.clone(utf8=True)\n"
                             "for part in email.parser.BytesParser(policy=policy).parsebytes(text).get_payload():\n"
                             "    name = part.get_param('name', header='content-disposition')\n"
                             "    content = part.get_payload(decode=True)\n"
                             "    out.write(f'{name}\\n{part.get_filename()}\\n{len(content)}\\n'.encode() + content)\n";

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

/* Everything that is read, into a file. */
static int64_t no_end(void *userdata, void *buffer, size_t size);

TEST(python_reads_a_thousand_parts_back)
{
    (void)no_end;
}
