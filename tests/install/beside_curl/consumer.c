/* The static library with its libcurl inside, and the system's libcurl, in one program: each makes a TLS request of its own. */
#include <curl/curl.h>
#include <httpclient.h>
#include <stdio.h>
#include <string.h>

static size_t swallow(char *data, size_t size, size_t count, void *unused)
{
    (void)data;
    (void)unused;
    return size * count;
}

static long by_libcurl(const char *url, const char *ca)
{
    long status = 0;
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK) {
        fprintf(stderr, "libcurl: %s\n", curl_easy_strerror(code));
    }
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    return status;
}

static long by_httpclient(const char *url, const char *ca)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    long status = 0;
    if (httpc_config_new(&config, NULL) == HTTPC_OK && httpc_config_set_ca_file(config, ca) == HTTPC_OK &&
        httpc_client_new(config, &client, &error) == HTTPC_OK && httpc_get(client, url, &response, &error) == HTTPC_OK) {
        status = httpc_response_status(response);
    } else {
        fprintf(stderr, "httpclient: %s\n", httpc_error_detail(error));
    }
    httpc_response_free(response);
    httpc_error_free(error);
    httpc_client_free(client);
    httpc_config_free(config);
    return status;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s TLS-URL CA\n", argv[0]);
        return 2;
    }
    curl_global_init(CURL_GLOBAL_ALL);
    printf("%s beside %s\n", httpc_version(), curl_version());
    char inside[32];
    snprintf(inside, sizeof inside, "libcurl/%s", curl_version_info(CURLVERSION_NOW)->version);
    if (strstr(httpc_version(), inside) != NULL) {
        fprintf(stderr, "both are the same libcurl\n");
        return 1;
    }
    for (int round = 0; round < 2; round++) {
        if (by_libcurl(argv[1], argv[2]) != 200 || by_httpclient(argv[1], argv[2]) != 200) {
            return 1;
        }
    }
    curl_global_cleanup();
    return by_httpclient(argv[1], argv[2]) == 200 ? 0 : 1;
}
