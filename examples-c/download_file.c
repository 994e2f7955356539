/*
 * Download into a file: it appears under its name once it is whole, and whatever goes wrong leaves nothing behind.
 *
 * Usage: download_file URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>

static void download(httpc_client *client, const char *url, const char *path)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    httpc_code code = httpc_download(client, url, path, &response, &error);
    FILE *file = fopen(path, "rb");
    if (code != HTTPC_OK) {
        printf("%s, status %d, and the file %s\n", httpc_code_name(code), (int)httpc_error_status(error),
               file != NULL ? "is there" : "is not there");
    } else if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        printf("%d: a file of %ld bytes\n", (int)httpc_response_status(response), ftell(file));
    }
    if (file != NULL) {
        fclose(file);
        remove(path);
    }
    httpc_response_free(response);
    httpc_error_free(error);
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    if (argc < 2 || httpc_config_new(&config, NULL) != HTTPC_OK) {
        return 2;
    }
    httpc_config_set_base_url(config, argv[1]);
    /* For large files on slow lines: no limit for the whole, but 30 s of silence end it (HTTPC_TIMEOUT_READ). */
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 0);
    httpc_code code = httpc_client_new(config, &client, NULL);
    httpc_config_free(config);
    if (code != HTTPC_OK) {
        return 1;
    }
    download(client, "bytes/1000000", "download_file.tmp");
    download(client, "status/404", "download_file.tmp");
    httpc_client_free(client);
    return 0;
}
