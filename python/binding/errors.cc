#include <exception>
#include <string_view>

#include "bind.h"
#include "latentdial/error.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

/// The classes are written in Python: latentdial.errors makes the one of this code.
void raise(const Error& error) {
  // A file's name need not be UTF-8.
  const auto decoded = [](std::string_view text) {
    return nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace"));
  };
  const nb::object exception =
      nb::module_::import_("latentdial.errors")
          .attr("from_engine")(name(error.code()), decoded(error.what()), decoded(error.field()));
  PyErr_SetObject(exception.type().ptr(), exception.ptr());
}

}  // namespace

void bind_errors(nb::module_&) {
  nb::register_exception_translator([](const std::exception_ptr& fault, void*) {
    try {
      std::rethrow_exception(fault);
    } catch (const Error& error) {
      raise(error);
    }
  });
}

}  // namespace latentdial::binding
