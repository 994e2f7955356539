/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_BASE_HPP
#define HTTPCLIENT_BASE_HPP

/**
 * @file
 * Part of httpclient.hpp: constants, string arguments, and what its objects are built of.
 */

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "../httpclient.h"

#if !defined(HTTPCLIENT_EXCEPTIONS)
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define HTTPCLIENT_EXCEPTIONS 1
#else
#define HTTPCLIENT_EXCEPTIONS 0
#endif
#endif

#define HTTPCLIENT_BORROWED
#if defined(__has_cpp_attribute)
#if __has_cpp_attribute(clang::lifetimebound)
#undef HTTPCLIENT_BORROWED
#define HTTPCLIENT_BORROWED [[clang::lifetimebound]]
#endif
#endif

namespace httpclient
{

/* ---- Types and constants ----------------------------------------------------------------- */

using code = httpc_code; /* switch (error.code()) { case HTTPC_E_STATUS: ... } */
using stop = httpc_stop;
using sent = httpc_sent;
using http_version = httpc_http_version;
using json_type = httpc_json_type;
using delay_source = httpc_delay_source;
using timeout = httpc_timeout;
using phase = httpc_phase;
using jitter = httpc_jitter;
using decision = httpc_decision;
using outcome = httpc_outcome;
using log_level = httpc_log_level;
using protocol = httpc_protocol;

/* Durations in and out; milliseconds take std::chrono::seconds too. As an option 0 means no limit. */
using std::chrono::microseconds;
using std::chrono::milliseconds;

/** As a wait: no limit. */
inline constexpr milliseconds forever = milliseconds::max();

inline std::string_view code_name(httpc_code of) noexcept { return httpc_code_name(static_cast<std::int32_t>(of)); }
inline bool code_is_timeout(httpc_code of) noexcept { return httpc_code_is_timeout(static_cast<std::int32_t>(of)); }
inline std::string_view stop_name(httpc_stop of) noexcept { return httpc_stop_name(static_cast<std::int32_t>(of)); }
inline std::string_view delay_source_name(httpc_delay_source of) noexcept
{
    return httpc_delay_source_name(static_cast<std::int32_t>(of));
}
inline std::string_view version() noexcept { return httpc_version(); }
inline std::uint32_t version_number() noexcept { return httpc_version_number(); }

/* ---- Arguments --------------------------------------------------------------------------- */

/**
 * A string argument: converts from `const char *` and std::string without a copy, and from std::string_view and what
 * converts to it with one, since C needs a NUL at the end: up to 255 bytes into itself, longer ones to the heap.
 * nullptr is NULL. A string with a NUL inside is refused by the library as HTTPC_E_INVALID_ARG.
 */
class text
{
  public:
    text(const char *string) noexcept : string_(string) {}

    template <class Traits, class Allocator>
    text(const std::basic_string<char, Traits, Allocator> &string) : string_(string.c_str())
    {
        /* No memchr(): gcc 12 warns of its bound where it knows how the string was made. */
        if (std::strlen(string_) != string.size()) {
            copy({string_, string.size()});
        }
    }

    template <class T, std::enable_if_t<std::is_convertible_v<const T &, std::string_view> &&
                                            !std::is_convertible_v<const T &, const char *>,
                                        int> = 0>
    text(const T &string)
    {
        copy(string);
    }

    text(const text &) = delete;
    text &operator=(const text &) = delete;

    const char *c_str() const noexcept HTTPCLIENT_BORROWED { return string_; }

  private:
    void copy(std::string_view string)
    {
        /* C must not see a string cut short at its NUL. Two bytes that UTF-8 never has make it refuse the whole, and
         * name the place. */
        static constexpr std::string_view inner_nul = "\xC0\x80";
        const std::size_t length = string.substr(0, string.find('\0')).size();
        const std::string_view end = length < string.size() ? inner_nul : std::string_view();
        char *to = small_;
        if (length + end.size() >= sizeof small_) {
            large_.reset(new char[length + end.size() + 1]);
            to = large_.get();
        }
        string_ = to;
        to += string.copy(to, length);
        to += end.copy(to, end.size());
        *to = '\0';
    }

    const char *string_;
    std::unique_ptr<char[]> large_;
    char small_[256];
};

namespace detail
{

/* An option. A negative duration becomes one that the library refuses. */
constexpr std::uint64_t option_ms(milliseconds time) noexcept { return static_cast<std::uint64_t>(time.count()); }

constexpr std::uint64_t wait_ms(milliseconds time) noexcept
{
    return time == forever ? HTTPC_FOREVER : time.count() < 0 ? 0 : static_cast<std::uint64_t>(time.count());
}

template <class Duration> constexpr Duration duration(std::uint64_t count) noexcept
{
    return Duration(static_cast<typename Duration::rep>(count));
}

constexpr std::optional<milliseconds> optional_ms(std::uint64_t ms) noexcept
{
    return ms != HTTPC_UNSET ? std::optional(duration<milliseconds>(ms)) : std::nullopt;
}

inline std::optional<std::string_view> view(const char *string) noexcept
{
    return string != nullptr ? std::optional<std::string_view>(string) : std::nullopt;
}

/* The owner of a C object. */
template <class Object, void (*Free)(Object *)> class handle
{
  public:
    using native_type = Object;

    /** Takes over an object of the C API; nullptr gives an empty handle. */
    explicit handle(Object *object) noexcept : object_(object) {}

    /** The C object, still owned by this. */
    Object *native_handle() const noexcept { return object_.get(); }

    /** The C object, the caller's to free. */
    [[nodiscard]] Object *release() noexcept { return object_.release(); }

    /** Whether there is an object: not after a move. */
    explicit operator bool() const noexcept { return object_ != nullptr; }

  private:
    struct deleter {
        void operator()(Object *object) const noexcept { Free(object); }
    };
    std::unique_ptr<Object, deleter> object_;
};

/* For the objects that can always be made. */
template <class Object> Object *fresh(httpc_code (*make)(Object **, httpc_error **)) noexcept
{
    Object *object = nullptr;
    make(&object, nullptr);
    return object;
}

/* The owner of a C object made of options; Self is the class that derives from it. */
template <class Self, class Object, void (*Free)(Object *)> class options : public handle<Object, Free>
{
  public:
    using handle<Object, Free>::handle;

  protected:
    /* The object keeps the setter's failure. */
    template <class Setter, class... Arguments> Self &set(Setter setter, Arguments... arguments) noexcept
    {
        setter(this->native_handle(), arguments...);
        return static_cast<Self &>(*this);
    }
};

/* Frees what a callback of the program holds. */
template <class Held> void drop(void *held) noexcept { delete static_cast<Held *>(held); }

/* Where NULL has a meaning, a moved-from object must not have it: setting a header of this name fails instead. */
inline constexpr const char *moved_from = "(an object that was moved from)";

/* Items that C counts and numbers, as a range for loops and algorithms. */
template <class Object, class Item, Item (*At)(const Object *, std::size_t) noexcept> class range
{
  public:
    class iterator
    {
      public:
        using iterator_concept = std::forward_iterator_tag;
        using iterator_category = std::input_iterator_tag; /* items are made when asked for */
        using value_type = Item;
        using difference_type = std::ptrdiff_t;
        using reference = Item;
        using pointer = void;

        iterator() = default;
        iterator(const Object *object, std::size_t index) noexcept : object_(object), index_(index) {}

        Item operator*() const noexcept { return At(object_, index_); }
        iterator &operator++() noexcept
        {
            index_++;
            return *this;
        }
        iterator operator++(int) noexcept { return {object_, index_++}; }
        friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.index_ == b.index_; }
        friend bool operator!=(const iterator &a, const iterator &b) noexcept { return a.index_ != b.index_; }

      private:
        const Object *object_ = nullptr;
        std::size_t index_ = 0;
    };

    using value_type = Item;
    using const_iterator = iterator;

    range(const Object *object, std::size_t size) noexcept : object_(object), size_(size) {}

    iterator begin() const noexcept { return {object_, 0}; }
    iterator end() const noexcept { return {object_, size_}; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    /** Past the end reads as zeros. */
    Item operator[](std::size_t index) const noexcept { return At(object_, index); }

  private:
    const Object *object_;
    std::size_t size_;
};

} // namespace detail

} // namespace httpclient

#endif
