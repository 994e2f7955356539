/*
 * One real request: what every way of finding the library is tested with. Then another one while the low descriptors are
 * taken, where a libcurl that select()s could not go; exit code 77 where this process may not have so many.
 */
#include <fcntl.h>
#include <httpclient.h>
#include <stdio.h>
#include <sys/resource.h>

#define TAKEN 1100
#define SKIPPED 77

/* 0 when the server said 200. */
static int request(const char *url)
{
    httpc_client *client = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    int32_t status = 0;

    if (httpc_client_new(NULL, &client, &error) == HTTPC_OK && httpc_get(client, url, &response, &error) == HTTPC_OK)
        status = httpc_response_status(response);
    else
        fprintf(stderr, "%s\n", httpc_error_detail(error));
    printf("%s: %d\n", httpc_version(), (int)status);
    httpc_response_free(response);
    httpc_error_free(error);
    httpc_client_free(client);
    return status == 200 ? 0 : 1;
}

static int take_descriptors(void)
{
    struct rlimit limit;
    int last = 0;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < TAKEN + 100) {
        printf("skipped: fewer than %d descriptors are allowed here\n", TAKEN + 100);
        return SKIPPED;
    }
    if (limit.rlim_cur < TAKEN + 100)
        limit.rlim_cur = TAKEN + 100;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    for (int i = 0; i < TAKEN && last >= 0; i++)
        last = open("/dev/null", O_RDONLY);
    return last >= TAKEN ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s URL\n", argv[0]);
        return 2;
    }
    int result = request(argv[1]);
    if (result == 0)
        result = take_descriptors();
    return result == 0 ? request(argv[1]) : result;
}
