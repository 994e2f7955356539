/* What the tests of the pool share: limits, two hosts, crowds of calls. */
#ifndef POOL_H
#define POOL_H

#include "async.h"

#define CROWD 24
#define QUEUE 8

static inline httpc_config *config_with_limits(uint32_t most, uint32_t per_host)
{
    httpc_config *config = new_config();
    httpc_config_set_max_connections(config, most);
    httpc_config_set_max_connections_per_host(config, per_host);
    return config;
}

/* The server under two names, which are two hosts to a client. */
static inline const char *at(const char *host, const char *path)
{
    return text("http://%s.test:%s%s", host, strrchr(address("URL"), ':') + 1, path);
}

static inline httpc_client *client_of_hosts(httpc_config *config)
{
    uint16_t port = (uint16_t)atoi(strrchr(address("URL"), ':') + 1);
    httpc_config_add_resolve(config, "a.test", port, "127.0.0.1");
    httpc_config_add_resolve(config, "b.test", port, "127.0.0.1");
    return new_client(config);
}

static inline void get_well(httpc_client *client, const char *url)
{
    CHECK_CODE(code_of(get(client, url)), HTTPC_OK);
}

static inline void submit_well(httpc_client *client, const char *url)
{
    CHECK_CODE(code_of(submit_and_wait(client, new_request("GET", url))), HTTPC_OK);
}

static inline void submit_gets(httpc_call **calls, unsigned count, httpc_client *client, const char *url)
{
    for (unsigned i = 0; i < count; i++) {
        calls[i] = submit(client, new_request("GET", url), NULL, NULL);
    }
}

static inline void end_calls(httpc_call **calls, unsigned count, httpc_code code)
{
    for (unsigned i = 0; i < count; i++) {
        CHECK_CODE(code_of(result_of(calls[i])), code);
    }
}

/* Both make `count` connections, and leave them idle as far as they are kept. */
static inline void open_connections(httpc_client *client, unsigned count, const char *host)
{
    const char *key = new_key();
    struct call calls[CROWD];
    for (unsigned i = 0; i < count; i++) {
        start_get(&calls[i], client, at(host, text("/gate?key=%s", key)));
    }
    CHECK_COMES_TRUE(server_count(key) == count);
    open_gate(key, 0);
    for (unsigned i = 0; i < count; i++) {
        end_call(&calls[i], HTTPC_OK);
    }
}

static inline void open_connections_in_engine(httpc_client *client, unsigned count, const char *host)
{
    const char *key = new_key();
    httpc_call *calls[CROWD];
    submit_gets(calls, count, client, at(host, text("/gate?key=%s", key)));
    CHECK_COMES_TRUE(server_count(key) == count);
    open_gate(key, 0);
    end_calls(calls, count, HTTPC_OK);
}

#endif
