/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_ERROR_HPP
#define HTTPCLIENT_ERROR_HPP

/**
 * @file
 * Part of httpclient.hpp: attempts, errors, the exception, and results.
 */

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "base.hpp"

namespace httpclient
{

class response;

/* ---- Attempts ---------------------------------------------------------------------------- */

/** One attempt of a call. Borrowed: it lasts as long as the response or error it came from, and may be copied. */
class attempt
{
  public:
    explicit attempt(const httpc_attempt *object) noexcept : object_(object) {}
    const httpc_attempt *native_handle() const noexcept { return object_; }

    httpc_code code() const noexcept { return httpc_attempt_code(object_); }
    std::int32_t status() const noexcept { return httpc_attempt_status(object_); }
    std::int32_t curl_code() const noexcept { return httpc_attempt_curl_code(object_); }
    std::string_view method() const noexcept { return httpc_attempt_method(object_); }
    std::string_view url() const noexcept { return httpc_attempt_url(object_); }
    milliseconds start() const noexcept { return detail::duration<milliseconds>(httpc_attempt_start_ms(object_)); }
    milliseconds duration() const noexcept
    {
        return detail::duration<milliseconds>(httpc_attempt_duration_ms(object_));
    }
    milliseconds delay() const noexcept { return detail::duration<milliseconds>(httpc_attempt_delay_ms(object_)); }
    httpc_delay_source delay_source() const noexcept { return httpc_attempt_delay_source(object_); }
    httpc_sent send_state() const noexcept { return httpc_attempt_send_state(object_); }
    httpc_stop stop_reason() const noexcept { return httpc_attempt_stop_reason(object_); }
    std::string_view peer() const noexcept { return httpc_attempt_peer(object_); }
    std::int64_t connection_id() const noexcept { return httpc_attempt_connection_id(object_); }
    bool reused() const noexcept { return httpc_attempt_reused(object_); }

  private:
    const httpc_attempt *object_;
};

/** A header of a response; use it as `for (auto [name, value] : response.headers())`. */
struct header_field {
    std::string_view name;
    std::string_view value;
};

namespace detail
{

template <class Object, const httpc_attempt *(*At)(const Object *, std::size_t)>
attempt attempt_at(const Object *object, std::size_t index) noexcept
{
    return attempt(At(object, index));
}

inline header_field header_at(const httpc_response *response, std::size_t index) noexcept
{
    return {view(httpc_response_header_name(response, index)).value_or(std::string_view()),
            view(httpc_response_header_value(response, index)).value_or(std::string_view())};
}

inline header_field trailer_at(const httpc_response *response, std::size_t index) noexcept
{
    return {view(httpc_response_trailer_name(response, index)).value_or(std::string_view()),
            view(httpc_response_trailer_value(response, index)).value_or(std::string_view())};
}

using error_attempts = range<httpc_error, attempt, attempt_at<httpc_error, httpc_error_attempt>>;
using response_attempts = range<httpc_response, attempt, attempt_at<httpc_response, httpc_response_attempt>>;
using response_headers = range<httpc_response, header_field, header_at>;
using response_trailers = range<httpc_response, header_field, trailer_at>;

/* A failure that this header finds itself. */
struct own_failure {
    httpc_code code;
    const char *detail;
};

} // namespace detail

/* ---- Errors ------------------------------------------------------------------------------ */

/** An error that something else owns. Without one (false) it reads as success. */
class error_view
{
  public:
    explicit error_view(const httpc_error *object) noexcept : object_(object) {}
    explicit operator bool() const noexcept { return code() != HTTPC_OK; }

    httpc_code code() const noexcept { return own_ != nullptr ? own_->code : httpc_error_code(object_); }
    std::string_view detail() const noexcept HTTPCLIENT_BORROWED
    {
        return own_ != nullptr ? own_->detail : httpc_error_detail(object_);
    }
    std::int32_t status() const noexcept { return httpc_error_status(object_); }
    std::int32_t curl_code() const noexcept { return httpc_error_curl_code(object_); }
    detail::error_attempts attempts() const &noexcept HTTPCLIENT_BORROWED
    {
        return {object_, httpc_error_attempts(object_)};
    }
    detail::error_attempts attempts() const && = delete; /* a loop over it would outlive the error */
    httpc_stop stop_reason() const noexcept { return httpc_error_stop_reason(object_); }
    httpc_sent send_state() const noexcept { return httpc_error_send_state(object_); }
    /** Counted from the failure; nullopt when nobody said when. */
    std::optional<milliseconds> retry_after() const noexcept
    {
        return detail::optional_ms(httpc_error_retry_after_ms(object_));
    }
    /** The final response, one more reference that may outlive the error; false when none came. */
    httpclient::response response() const noexcept;

  protected:
    explicit error_view(const detail::own_failure *own) noexcept : own_(own) {}

    const httpc_error *object_ = nullptr;
    const detail::own_failure *own_ = nullptr;
};

/** An error with its owner. */
class error : public error_view
{
  public:
    explicit error(httpc_error *object) noexcept : error_view(object) {}
    explicit error(const detail::own_failure *own) noexcept : error_view(own) {}
    error(error &&other) noexcept : error_view(other)
    {
        other.object_ = nullptr;
        other.own_ = nullptr;
    }
    error &operator=(error &&other) noexcept
    {
        std::swap(object_, other.object_);
        std::swap(own_, other.own_);
        return *this;
    }
    ~error() { httpc_error_free(const_cast<httpc_error *>(object_)); }

    /** nullptr for the few errors that this header makes itself. */
    const httpc_error *native_handle() const noexcept { return object_; }
};

#if HTTPCLIENT_EXCEPTIONS
/** What the functions without `try_` throw; what() is the error's detail. Copies share the error. */
class
#if defined(__GNUC__)
    __attribute__((visibility("default"))) /* one type in all of a program's libraries */
#endif
    exception : public std::runtime_error
{
  public:
    explicit exception(httpclient::error &&error)
        : std::runtime_error(error.detail().data()), error_(std::make_shared<const httpclient::error>(std::move(error)))
    {
    }

    const httpclient::error &error() const noexcept { return *error_; }
    httpc_code code() const noexcept { return error_->code(); }

  private:
    std::shared_ptr<const httpclient::error> error_;
};
#endif

/* ---- Results ----------------------------------------------------------------------------- */

/** A value or an error, as std::expected<T, error>. */
template <class T> class [[nodiscard]] result
{
  public:
    using value_type = T;
    using error_type = httpclient::error;

    result(T value) noexcept : value_(std::move(value)) {}
    result(httpclient::error &&error) noexcept : error_(std::move(error)) {}

    bool has_value() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }

    /* The value. Only when there is one. */
    T &operator*() &noexcept { return *value_; }
    const T &operator*() const &noexcept { return *value_; }
    T &&operator*() &&noexcept { return std::move(*value_); }
    T *operator->() noexcept { return &*value_; }
    const T *operator->() const noexcept { return &*value_; }

    template <class U> T value_or(U &&other) const &
    {
        return has_value() ? **this : static_cast<T>(std::forward<U>(other));
    }
    template <class U> T value_or(U &&other) &&
    {
        return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(other));
    }

    /* The error. Only when there is no value. */
    const httpclient::error &error() const &noexcept { return *error_; }
    httpclient::error &&error() &&noexcept { return std::move(*error_); }

    /** HTTPC_OK for a value. */
    httpc_code code() const noexcept { return has_value() ? HTTPC_OK : error().code(); }

#if HTTPCLIENT_EXCEPTIONS
    /** The value, or the error thrown. Of an lvalue: std::move(result).value(). */
    T value() &&
    {
        if (!has_value()) {
            throw exception(std::move(*this).error());
        }
        return *std::move(*this);
    }
#endif

  private:
    /* No std::variant: at -O3 gcc 12 forgets that what was moved out of one is gone, and frees it twice. */
    std::optional<T> value_;
    std::optional<httpclient::error> error_;
};

/** Success or an error. */
template <> class [[nodiscard]] result<void>
{
  public:
    using value_type = void;
    using error_type = httpclient::error;

    result() noexcept = default;
    result(httpclient::error &&error) noexcept : error_(std::move(error)) {}

    bool has_value() const noexcept { return !error_.has_value(); }
    explicit operator bool() const noexcept { return has_value(); }
    const httpclient::error &error() const &noexcept { return *error_; }
    httpclient::error &&error() &&noexcept { return *std::move(error_); }
    httpc_code code() const noexcept { return has_value() ? HTTPC_OK : error_->code(); }

#if HTTPCLIENT_EXCEPTIONS
    void value() &&
    {
        if (!has_value()) {
            throw exception(std::move(*this).error());
        }
    }
#endif

  private:
    std::optional<httpclient::error> error_;
};

namespace detail
{

/* function(arguments..., Object **out, httpc_error **err), with T the owner of the object. */
template <class T, class Function, class... Arguments> result<T> make(Function function, Arguments... arguments)
{
    typename T::native_type *object = nullptr;
    httpc_error *error = nullptr;
    if (function(arguments..., &object, &error) != HTTPC_OK) {
        return httpclient::error(error);
    }
    return T(object);
}

/* function(arguments..., T *out, httpc_error **err) */
template <class T, class Function, class... Arguments> result<T> read(Function function, Arguments... arguments)
{
    T value{};
    httpc_error *error = nullptr;
    if (function(arguments..., &value, &error) != HTTPC_OK) {
        return httpclient::error(error);
    }
    return value;
}

/* function(arguments..., httpc_error **err) */
template <class Function, class... Arguments> result<void> run(Function function, Arguments... arguments)
{
    httpc_error *error = nullptr;
    if (function(arguments..., &error) != HTTPC_OK) {
        return httpclient::error(error);
    }
    return {};
}

} // namespace detail

} // namespace httpclient

#endif
