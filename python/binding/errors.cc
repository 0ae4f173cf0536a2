#include <cstring>
#include <exception>

#include "bind.h"
#include "latentdial/error.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

/// The classes are written in Python: latentdial.errors makes the one of this code.
void raise(const Error& error) {
  const char* text = error.what();
  // A file's name need not be UTF-8.
  const auto line =
      nb::steal(PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(std::strlen(text)), "replace"));
  const nb::object exception = nb::module_::import_("latentdial.errors")
                                   .attr("from_engine")(name(error.code()), line, error.field().c_str());
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
