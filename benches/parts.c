/*
 * What is measured without a peer: memory of clients and connections, and the price of one decision.
 *
 *     parts HTTP-URL TLS-URL CA
 */
#define _GNU_SOURCE
#include <httpclient.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 400
#define DECISIONS 2000000

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double resident_kb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1) {
        exit(1);
    }
    fclose(file);
    return (double)(pages * (sysconf(_SC_PAGESIZE) / 1024));
}

static httpc_client *new_client(const char *ca)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    if (httpc_config_new(&config, NULL) != HTTPC_OK || (ca != NULL && httpc_config_set_ca_file(config, ca) != HTTPC_OK) ||
        httpc_client_new(config, &client, NULL) != HTTPC_OK) {
        exit(1);
    }
    httpc_config_free(config);
    return client;
}

static void get(httpc_client *client, const char *url)
{
    httpc_response *response = NULL;
    if (httpc_get(client, url, &response, NULL) != HTTPC_OK) {
        fprintf(stderr, "no answer from %s\n", url);
        exit(1);
    }
    httpc_response_free(response);
}

/* Memory for each client, idle or with one warm connection. */
static double memory_kb(const char *url, const char *ca)
{
    httpc_client *clients[CLIENTS + 1];
    double before = 0;
    for (int i = 0; i <= CLIENTS; i++) {
        clients[i] = new_client(ca);
        if (url != NULL) {
            get(clients[i], url);
        }
        before = i == 0 ? resident_kb() : before; /* what is made once in a process is not counted */
    }
    double kb = (resident_kb() - before) / CLIENTS;
    for (int i = 0; i <= CLIENTS; i++) {
        httpc_client_free(clients[i]);
    }
    return kb;
}

static double retry_ns(void)
{
    httpc_retry_policy *policy = NULL;
    httpc_retry *retry = NULL;
    uint64_t delay = 0;
    int32_t stop = 0;
    httpc_retry_policy_new(&policy, NULL);
    httpc_retry_policy_set_max_attempts(policy, UINT32_MAX);
    httpc_retry_policy_set_budget(policy, 0, 0, 0);
    httpc_retry_new(policy, 1, 0, 0, &retry, NULL);
    double begun = now_ns();
    for (int i = 0; i < DECISIONS; i++) {
        if (httpc_retry_next(retry, HTTPC_OUTCOME_STATUS, 503, HTTPC_UNSET, 0, &delay, &stop, NULL) != HTTPC_OK) {
            exit(1);
        }
    }
    double ns = (now_ns() - begun) / DECISIONS;
    httpc_retry_free(retry);
    httpc_retry_policy_free(policy);
    return ns;
}

static httpc_rate_limiter *limiter;

static void *check(void *argument)
{
    uint64_t wait = 0;
    for (int i = 0; i < DECISIONS / 8; i++) {
        if (httpc_rate_limiter_try(limiter, 1, &wait, NULL) != HTTPC_OK) {
            exit(1); /* a refusal costs something else */
        }
    }
    return argument;
}

static double limiter_ns(int threads)
{
    pthread_t ids[8];
    httpc_rate_limiter_new(1000000, 1000, 4 * DECISIONS, NULL, &limiter, NULL);
    double begun = now_ns();
    for (int i = 0; i < threads; i++) {
        pthread_create(&ids[i], NULL, check, NULL);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    double ns = (now_ns() - begun) / (DECISIONS / 8) / threads;
    httpc_rate_limiter_free(limiter);
    return ns;
}

/* A blocking GET of 200 bytes of JSON, by the real clock. */
static double mock_ns(void)
{
    enum { CALLS = 50000 };
    char json[201];
    httpc_mock *mock = NULL;
    httpc_mock_rule *rule = NULL;
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    snprintf(json, sizeof json, "\"%0198d\"", 0);
    httpc_mock_new(&mock, NULL);
    httpc_mock_on(mock, "GET", "https://api.test/items/1", &rule, NULL);
    httpc_mock_rule_reply_json(rule, 200, json);
    httpc_config_new(&config, NULL);
    httpc_config_set_mock(config, mock);
    httpc_client_new(config, &client, NULL);
    double begun = now_ns();
    for (int i = 0; i < CALLS; i++) {
        httpc_response *response = NULL;
        if (httpc_get(client, "https://api.test/items/1", &response, NULL) != HTTPC_OK) {
            exit(1);
        }
        httpc_response_free(response);
    }
    double ns = (now_ns() - begun) / CALLS;
    httpc_client_free(client);
    httpc_config_free(config);
    httpc_mock_free(mock);
    return ns;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s HTTP-URL TLS-URL CA\n", argv[0]);
        return 2;
    }
    double idle = memory_kb(NULL, NULL);
    printf("client_kb %.1f\n", idle);
    printf("http_kb %.1f\n", memory_kb(argv[1], NULL) - idle);
    printf("tls_kb %.1f\n", memory_kb(argv[2], argv[3]) - memory_kb(NULL, argv[3]));
    printf("retry_ns %.0f\n", retry_ns());
    printf("limiter_ns %.0f\n", limiter_ns(1));
    printf("limiter_8_ns %.0f\n", limiter_ns(8));
    printf("mock_ns %.0f\n", mock_ns());
    return 0;
}
