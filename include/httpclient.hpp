/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_HPP
#define HTTPCLIENT_HPP

/**
 * @file
 * libhttpclient for C++17 and later: the objects of httpclient.h with owners, string views and results. Header-only.
 *
 *     httpclient::client client(httpclient::config().base_url("https://api.example.com/v1").bearer_token(token));
 *
 *     auto id = client.get("items/42").json<std::int64_t>("/id");              // throws httpclient::exception
 *
 *     if (auto item = client.try_get("items/42")) use(item->body());           // result<response>: value or error
 *     else                                        log(item.error().detail());
 *
 * - Names: a function is the C function of its name without `httpc_OBJECT_` and `set_`, and httpclient.h documents it;
 * here stands only what differs.
 * - Failure: `try_` functions return a result<T>; those without it throw an exception with the same error. Compiled
 * with -fno-exceptions only the `try_` functions are declared. Setters do neither: their object keeps the first
 * failure, which client(config) or send(request) then reports.
 * - Ownership: objects are move-only and free what they hold. A moved-from object may be assigned to or destroyed; used
 *   otherwise it is HTTPC_E_INVALID_ARG, accessors read zero. native_handle() lends the C object to functions of
 * httpclient.h.
 * - Strings in: anything that is a string; see `text`. Strings out: views that last as long as the object asked (marked
 *   HTTPCLIENT_BORROWED, so that clang warns of some that outlive it). data() of a view is NUL-terminated.
 * - Threads: as in C. client and cancel_token may be used by any thread at any time, response, error and attempt read
 * by any, the others by one thread at a time.
 * - Setters return their object, for a chain in one expression; one to keep is named first, or std::move(chain)d.
 * - Callbacks are anything callable. One that the library keeps must not throw; retry_run() throws on what its own
 * throws.
 * - Cost: a successful call does nothing beyond the C call, save copying a std::string_view argument that may lack its
 * NUL.
 */

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "httpclient/base.hpp"
#include "httpclient/error.hpp"
#include "httpclient/retry.hpp"

namespace httpclient
{

/* ---- Responses --------------------------------------------------------------------------- */

/** Status, headers, body, timings and attempts. All it returns is borrowed until its last reference is gone. */
class response : public detail::handle<httpc_response, httpc_response_free>
{
  public:
    using handle::handle;

    /** One more reference to the same response (httpc_response_ref()). */
    response share() const noexcept { return response(httpc_response_ref(native_handle())); }

    std::int32_t status() const noexcept { return httpc_response_status(native_handle()); }
    std::string_view reason() const noexcept HTTPCLIENT_BORROWED { return httpc_response_reason(native_handle()); }
    std::optional<std::string_view> header(const text &name) const noexcept HTTPCLIENT_BORROWED
    {
        return detail::view(httpc_response_header(native_handle(), name.c_str()));
    }
    /** A range of header_field, in the server's order. */
    detail::response_headers headers() const &noexcept HTTPCLIENT_BORROWED
    {
        return {native_handle(), httpc_response_header_count(native_handle())};
    }
    detail::response_headers headers() const && = delete; /* a loop over it would outlive the response */
    /** Any bytes; those of a text body are a string. */
    std::string_view body() const noexcept HTTPCLIENT_BORROWED
    {
        std::size_t length = 0;
        const void *bytes = httpc_response_body(native_handle(), &length);
        return {static_cast<const char *>(bytes), length};
    }
    std::string_view error_detail() const noexcept HTTPCLIENT_BORROWED
    {
        return httpc_response_error_detail(native_handle());
    }
    std::string_view url() const noexcept HTTPCLIENT_BORROWED { return httpc_response_url(native_handle()); }
    httpc_http_version http_version() const noexcept { return httpc_response_http_version(native_handle()); }
    std::string_view peer() const noexcept HTTPCLIENT_BORROWED { return httpc_response_peer(native_handle()); }
    bool reused() const noexcept { return httpc_response_reused(native_handle()); }
    /** A range of attempt, the first one first. */
    detail::response_attempts attempts() const &noexcept HTTPCLIENT_BORROWED
    {
        return {native_handle(), httpc_response_attempts(native_handle())};
    }
    detail::response_attempts attempts() const && = delete;
    milliseconds elapsed() const noexcept
    {
        return detail::duration<milliseconds>(httpc_response_elapsed_ms(native_handle()));
    }
    microseconds time(httpc_phase when) const noexcept
    {
        return detail::duration<microseconds>(httpc_response_time_us(native_handle(), static_cast<std::int32_t>(when)));
    }

    httpc_json_type json_type(const text &pointer) const noexcept
    {
        return httpc_response_json_type(native_handle(), pointer.c_str());
    }
    /** T is an integer type, double, bool, or std::string_view for a string. HTTPC_E_JSON when there is none. */
    template <class T> result<T> try_json(const text &pointer) const HTTPCLIENT_BORROWED
    {
        if constexpr (std::is_same_v<T, bool>) {
            return detail::read<bool>(httpc_response_json_bool, native_handle(), pointer.c_str());
        } else if constexpr (std::is_integral_v<T>) {
            return json_integer<T>(pointer);
        } else if constexpr (std::is_same_v<T, double>) {
            return detail::read<double>(httpc_response_json_double, native_handle(), pointer.c_str());
        } else {
            static_assert(std::is_same_v<T, std::string_view>, "json<T>: an integer, double, bool or std::string_view");
            return json_string(pointer);
        }
    }
    result<std::size_t> try_json_length(const text &pointer) const
    {
        return detail::read<std::size_t>(httpc_response_json_length, native_handle(), pointer.c_str());
    }

#if HTTPCLIENT_EXCEPTIONS
    template <class T> T json(const text &pointer) const HTTPCLIENT_BORROWED { return try_json<T>(pointer).value(); }
    std::size_t json_length(const text &pointer) const { return try_json_length(pointer).value(); }
#endif

  private:
    template <class T> result<T> json_integer(const text &pointer) const
    {
        static constexpr detail::own_failure no_fit = {HTTPC_E_JSON,
                                                       "the integer at the JSON pointer does not fit the type"};
        auto wide = detail::read<std::int64_t>(httpc_response_json_int64, native_handle(), pointer.c_str());
        if (!wide) {
            return std::move(wide).error();
        }
        const T value = static_cast<T>(*wide);
        if (static_cast<std::int64_t>(value) != *wide || (std::is_unsigned_v<T> && *wide < 0)) {
            return httpclient::error(&no_fit);
        }
        return value;
    }

    result<std::string_view> json_string(const text &pointer) const
    {
        static constexpr detail::own_failure no_string = {HTTPC_E_JSON, "no string stands at the JSON pointer"};
        std::size_t length = 0;
        const char *string = httpc_response_json_string(native_handle(), pointer.c_str(), &length);
        if (string != nullptr) {
            return std::string_view(string, length);
        }
        /* C has no error for strings. Where nothing stands, any other type's tells why. */
        if (json_type(pointer) == HTTPC_JSON_MISSING) {
            return try_json_length(pointer).error();
        }
        return httpclient::error(&no_string);
    }
};

inline response error_view::response() const noexcept
{
    return httpclient::response(httpc_response_ref(httpc_error_response(object_)));
}

/* ---- Configuration ----------------------------------------------------------------------- */

/** Options for a client. Setters can be chained. */
class config : public detail::options<config, httpc_config, httpc_config_free>
{
  public:
    using options::options;
    config() noexcept : options(detail::fresh(httpc_config_new)) {}

    /** The first failure of a setter; false when there is none. Borrowed. */
    error_view error() const noexcept HTTPCLIENT_BORROWED { return error_view(httpc_config_error(native_handle())); }

    config &base_url(const text &url) noexcept { return set(httpc_config_set_base_url, url.c_str()); }
    config &bearer_token(const text &token) noexcept { return set(httpc_config_set_bearer_token, token.c_str()); }
    config &basic_auth(const text &user, const text &password) noexcept
    {
        return set(httpc_config_set_basic_auth, user.c_str(), password.c_str());
    }
    config &header(const text &name, const text &value) noexcept
    {
        return set(httpc_config_set_header, name.c_str(), value.c_str());
    }
    config &secret_header(const text &name, const text &value) noexcept
    {
        return set(httpc_config_set_secret_header, name.c_str(), value.c_str());
    }
    config &user_agent(const text &value) noexcept { return set(httpc_config_set_user_agent, value.c_str()); }
    config &timeout(httpc_timeout which, milliseconds time) noexcept
    {
        return set(httpc_config_set_timeout, static_cast<std::int32_t>(which), detail::option_ms(time));
    }
    config &max_connections(std::uint32_t connections) noexcept
    {
        return set(httpc_config_set_max_connections, connections);
    }
    config &max_connections_per_host(std::uint32_t connections) noexcept
    {
        return set(httpc_config_set_max_connections_per_host, connections);
    }
    config &max_idle(std::uint32_t connections) noexcept { return set(httpc_config_set_max_idle, connections); }
    config &idle_expiry(milliseconds time) noexcept
    {
        return set(httpc_config_set_idle_expiry, detail::option_ms(time));
    }
    config &retry(const retry_policy &policy) noexcept
    {
        return policy ? set(httpc_config_set_retry, policy.native_handle()) : header(detail::moved_from, "");
    }
    /** Turns retries off. */
    config &retry(std::nullptr_t) noexcept { return set(httpc_config_set_retry, nullptr); }
    config &add_rate_limiter(const rate_limiter &limiter) noexcept
    {
        return set(httpc_config_add_rate_limiter, limiter.native_handle());
    }
    config &status_errors(bool on) noexcept { return set(httpc_config_set_status_errors, on); }
    config &max_body(std::uint64_t bytes) noexcept { return set(httpc_config_set_max_body, bytes); }
    config &max_headers(std::uint64_t bytes) noexcept { return set(httpc_config_set_max_headers, bytes); }
    config &max_redirects(std::uint32_t redirects) noexcept { return set(httpc_config_set_max_redirects, redirects); }
    config &redirect_post(bool on) noexcept { return set(httpc_config_set_redirect_post, on); }
    config &ca_file(const text &path) noexcept { return set(httpc_config_set_ca_file, path.c_str()); }
    config &proxy(const text &url) noexcept { return set(httpc_config_set_proxy, url.c_str()); }
    config &add_resolve(const text &host, std::uint16_t port, const text &address) noexcept
    {
        return set(httpc_config_add_resolve, host.c_str(), port, address.c_str());
    }
    /**
     * `log` is called as void(httpc_log_level, std::string_view) on the threads of the calls, several at the same time.
     * It is moved to the heap and destroyed with the last client that has it. It must not throw (std::terminate).
     */
    template <class Log,
              std::enable_if_t<std::is_invocable_v<std::decay_t<Log> &, httpc_log_level, std::string_view>, int> = 0>
    config &log(httpc_log_level level, Log &&log)
    {
        using held = std::decay_t<Log>;
        const auto write = [](void *log_, httpc_log_level of, const char *line) noexcept {
            (*static_cast<held *>(log_))(of, std::string_view(line));
        };
        return set(httpc_config_set_log, static_cast<std::int32_t>(level), write, new held(std::forward<Log>(log)),
                   detail::drop<held>);
    }
    /** Turns logging off, the environment's too. */
    config &log(std::nullptr_t) noexcept
    {
        return set(httpc_config_set_log, static_cast<std::int32_t>(HTTPC_LOG_OFF), nullptr, nullptr, nullptr);
    }
    config &seed(std::uint64_t value) noexcept { return set(httpc_config_set_seed, value); }
};

/* ---- Requests ---------------------------------------------------------------------------- */

/** One request, for what the short calls of client cannot say. Reusable. Setters can be chained. */
class request : public detail::options<request, httpc_request, httpc_request_free>
{
  public:
    using options::options;

    static result<request> try_make(const text &method, const text &url)
    {
        return detail::make<request>(httpc_request_new, method.c_str(), url.c_str());
    }
#if HTTPCLIENT_EXCEPTIONS
    request(const text &method, const text &url) : request(try_make(method, url).value()) {}
#endif

    /** The first failure of a setter; false when there is none. Borrowed. */
    error_view error() const noexcept HTTPCLIENT_BORROWED { return error_view(httpc_request_error(native_handle())); }

    request &add_query(const text &name, const text &value) noexcept
    {
        return set(httpc_request_add_query, name.c_str(), value.c_str());
    }
    request &header(const text &name, const text &value) noexcept
    {
        return set(httpc_request_set_header, name.c_str(), value.c_str());
    }
    request &add_header(const text &name, const text &value) noexcept
    {
        return set(httpc_request_add_header, name.c_str(), value.c_str());
    }
    request &secret_header(const text &name, const text &value) noexcept
    {
        return set(httpc_request_set_secret_header, name.c_str(), value.c_str());
    }
    /** Any bytes, copied. `content_type` nullptr: none. */
    request &body(const text &content_type, const void *bytes, std::size_t length) noexcept
    {
        return set(httpc_request_set_body, content_type.c_str(), bytes, length);
    }
    request &body(const text &content_type, std::string_view bytes) noexcept
    {
        return body(content_type, bytes.data(), bytes.size());
    }
    request &json(const text &json) noexcept { return set(httpc_request_set_json, json.c_str()); }
    request &timeout(httpc_timeout which, milliseconds time) noexcept
    {
        return set(httpc_request_set_timeout, static_cast<std::int32_t>(which), detail::option_ms(time));
    }
    request &retry(const retry_policy &policy) noexcept
    {
        return policy ? set(httpc_request_set_retry, policy.native_handle()) : header(detail::moved_from, "");
    }
    /** Turns retries off. */
    request &retry(std::nullptr_t) noexcept { return set(httpc_request_set_retry, nullptr); }
    request &status_errors(bool on) noexcept { return set(httpc_request_set_status_errors, on); }
    request &max_body(std::uint64_t bytes) noexcept { return set(httpc_request_set_max_body, bytes); }
    request &max_redirects(std::uint32_t redirects) noexcept { return set(httpc_request_set_max_redirects, redirects); }
    request &redirect_post(bool on) noexcept { return set(httpc_request_set_redirect_post, on); }
    /** Without a key: a fresh one for each send. */
    request &idempotency_key(const text &key = nullptr) noexcept
    {
        return set(httpc_request_set_idempotency_key, key.c_str());
    }
    request &idempotent(bool on) noexcept { return set(httpc_request_set_idempotent, on); }
    request &cancel_token(const httpclient::cancel_token &token) noexcept
    {
        return token ? set(httpc_request_set_cancel_token, token.native_handle()) : header(detail::moved_from, "");
    }
    /** Takes the token away. */
    request &cancel_token(std::nullptr_t) noexcept { return set(httpc_request_set_cancel_token, nullptr); }
};

/* ---- Statistics -------------------------------------------------------------------------- */

/** A snapshot of a client's pool. */
class stats : public detail::handle<httpc_stats, httpc_stats_free>
{
  public:
    using handle::handle;

    std::uint32_t in_use() const noexcept { return httpc_stats_in_use(native_handle()); }
    std::uint32_t idle() const noexcept { return httpc_stats_idle(native_handle()); }
    std::uint32_t waiting() const noexcept { return httpc_stats_waiting(native_handle()); }
    std::uint64_t opened() const noexcept { return httpc_stats_opened(native_handle()); }
    std::uint64_t reused() const noexcept { return httpc_stats_reused(native_handle()); }
};

/* ---- Clients and blocking calls ---------------------------------------------------------- */

/** A session; any number of threads may call at once. The destructor waits for running calls to end. */
class client : public detail::handle<httpc_client, httpc_client_free>
{
  public:
    using handle::handle;

    /** With all defaults. */
    static result<client> try_make() { return detail::make<client>(httpc_client_new, nullptr); }
    static result<client> try_make(const config &options)
    {
        if (!options) {
            return try_make(config().header(detail::moved_from, ""));
        }
        return detail::make<client>(httpc_client_new, options.native_handle());
    }

    result<response> try_get(const text &url) const { return call(httpc_get, url.c_str()); }
    result<response> try_head(const text &url) const { return call(httpc_head, url.c_str()); }
    result<response> try_del(const text &url) const { return call(httpc_delete, url.c_str()); }
    result<response> try_options(const text &url) const { return call(httpc_options, url.c_str()); }
    /** Any bytes. `content_type` nullptr: none. */
    result<response> try_post(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return call(httpc_post, url.c_str(), content_type.c_str(), body.data(), body.size());
    }
    result<response> try_put(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return call(httpc_put, url.c_str(), content_type.c_str(), body.data(), body.size());
    }
    result<response> try_patch(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return call(httpc_patch, url.c_str(), content_type.c_str(), body.data(), body.size());
    }
    result<response> try_post_json(const text &url, const text &json) const
    {
        return call(httpc_post_json, url.c_str(), json.c_str());
    }
    result<response> try_put_json(const text &url, const text &json) const
    {
        return call(httpc_put_json, url.c_str(), json.c_str());
    }
    result<response> try_patch_json(const text &url, const text &json) const
    {
        return call(httpc_patch_json, url.c_str(), json.c_str());
    }
    result<response> try_send(const request &request) const { return call(httpc_send, request.native_handle()); }
    result<httpclient::stats> try_stats() const
    {
        return detail::make<httpclient::stats>(httpc_client_stats, native_handle());
    }
    /** `wait` 0: do not wait. HTTPC_E_AGAIN when it was too short. */
    result<void> try_close(milliseconds wait = forever) const
    {
        return detail::run(httpc_client_close, native_handle(), detail::wait_ms(wait));
    }

#if HTTPCLIENT_EXCEPTIONS
    client() : client(try_make().value()) {}
    explicit client(const config &options) : client(try_make(options).value()) {}

    response get(const text &url) const { return try_get(url).value(); }
    response head(const text &url) const { return try_head(url).value(); }
    response del(const text &url) const { return try_del(url).value(); }
    response options(const text &url) const { return try_options(url).value(); }
    response post(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return try_post(url, content_type, body).value();
    }
    response put(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return try_put(url, content_type, body).value();
    }
    response patch(const text &url, const text &content_type = nullptr, std::string_view body = {}) const
    {
        return try_patch(url, content_type, body).value();
    }
    response post_json(const text &url, const text &json) const { return try_post_json(url, json).value(); }
    response put_json(const text &url, const text &json) const { return try_put_json(url, json).value(); }
    response patch_json(const text &url, const text &json) const { return try_patch_json(url, json).value(); }
    response send(const request &request) const { return try_send(request).value(); }
    httpclient::stats stats() const { return try_stats().value(); }
    void close(milliseconds wait = forever) const { try_close(wait).value(); }
#endif

  private:
    template <class Function, class... Arguments> result<response> call(Function function, Arguments... arguments) const
    {
        return detail::make<response>(function, native_handle(), arguments...);
    }
};

} // namespace httpclient

#endif
