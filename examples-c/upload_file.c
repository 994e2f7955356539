/*
 * Upload a file of any size: it is read while it goes out, sent again from its first byte when the server fails, and a function
 * tells how far it is. What is missing sends nothing.
 *
 * Usage: upload_file URL REFUSED_URL
 */
#include <httpclient.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct progress {
    uint64_t uploaded, total;
};

/* Called now and then, and at the end of each attempt. Anything but 0 would stop the call. */
static int32_t show(void *userdata, uint64_t uploaded, uint64_t total, uint64_t downloaded, uint64_t download_total)
{
    struct progress *progress = userdata;
    progress->uploaded = uploaded;
    progress->total = total;
    (void)downloaded;
    (void)download_total;
    return 0;
}

static void upload(httpc_client *client, const char *path)
{
    httpc_request *request = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    struct progress progress = {0, 0};

    printf("uploading %s\n", path);
    httpc_code code = httpc_request_new("PUT", "sequence/503,200", &request, &error);
    if (code == HTTPC_OK) {
        httpc_request_set_body_file(request, "application/octet-stream", path);
        httpc_request_set_progress(request, show, &progress, NULL);
        /* For large bodies on slow lines: no limit for the whole, but a minute without progress ends it. */
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_TOTAL, 0);
        httpc_request_set_timeout(request, HTTPC_TIMEOUT_WRITE, 60000);
        code = httpc_send(client, request, &response, &error);
    }
    if (code == HTTPC_OK) {
        printf("  %d after %u attempts: %" PRIu64 " of %" PRIu64 " bytes\n", (int)httpc_response_status(response),
               (unsigned)httpc_response_attempts(response), progress.uploaded, progress.total);
    } else {
        printf("  %s: %s\n", httpc_code_name(code), httpc_error_detail(error));
    }
    httpc_request_free(request);
    httpc_response_free(response);
    httpc_error_free(error);
}

int main(int argc, char **argv)
{
    static const char path[] = "upload_file.tmp";
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < 1000000; i++) {
        putc('a' + i % 26, file);
    }
    fclose(file);

    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_client_new(config, &client, &error);
        httpc_config_free(config);
    }
    if (client == NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }
    upload(client, path);
    upload(client, "no-such-file");
    httpc_client_free(client);
    remove(path);
    return EXIT_SUCCESS;
}
