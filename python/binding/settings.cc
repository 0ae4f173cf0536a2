#include "settings.h"

#include <fmt/format.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "bind.h"
#include "latentdial/calibrate.h"
#include "latentdial/error.h"
#include "latentdial/parameters.h"
#include "latentdial/upscaler.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

template <class T>
constexpr const char* kTypeName = std::is_same_v<T, std::string> ? "str"
                                  : std::is_same_v<T, bool>      ? "bool"
                                  : std::is_floating_point_v<T>  ? "float"
                                                                 : "int";

[[noreturn]] void throw_wrong_type(const char* name, const char* wanted, nb::handle value) {
  throw invalid_input(name,
                      fmt::format("{} is not of type {}", nb::cast<std::string>(nb::repr(value)), wanted));
}

/// True is no number here, although Python takes it for 1.
bool is_whole(nb::handle value) {
  return PyLong_Check(value.ptr()) && !PyBool_Check(value.ptr());
}

std::string read_text(const char* name, nb::handle value) {
  if (!PyUnicode_Check(value.ptr())) throw_wrong_type(name, "str", value);
  Py_ssize_t length = 0;
  const char* text = PyUnicode_AsUTF8AndSize(value.ptr(), &length);
  if (text != nullptr) return {text, static_cast<std::size_t>(length)};
  PyErr_Clear();
  throw invalid_input(name, "the text holds half of a surrogate pair, which is not a character");
}

template <class T>
T read_whole(const char* name, nb::handle value) {
  if (!is_whole(value)) throw_wrong_type(name, "int", value);
  T number{};
  if (nb::try_cast<T>(value, number, false)) return number;
  throw invalid_input(name,
                      fmt::format("{} is out of range, use {} to {}", nb::cast<std::string>(nb::repr(value)),
                                  std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

double read_number(const char* name, nb::handle value) {
  if (!PyFloat_Check(value.ptr()) && !is_whole(value)) throw_wrong_type(name, "float", value);
  const double number = PyFloat_AsDouble(value.ptr());
  if (PyErr_Occurred() == nullptr) return number;
  PyErr_Clear();
  throw invalid_input(name, "the number is too large");
}

template <class T>
T read(const char* name, nb::handle value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return read_text(name, value);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!PyBool_Check(value.ptr())) throw_wrong_type(name, "bool", value);
    return value.is(nb::handle(Py_True));
  } else if constexpr (std::is_floating_point_v<T>) {
    return read_number(name, value);
  } else {
    return read_whole<T>(name, value);
  }
}

/// One declared option, for help texts and checks in Python.
struct Declared {
  std::string name, type, flags, help;
  nb::object standard;
  double min = 0, max = 0;
};

template <class Visit, class Values>
std::vector<Declared> declared(Visit visit, const Values& values) {
  std::vector<Declared> list;
  visit(values, [&](const Option& option, const auto& value) {
    using T = setting_value_t<decltype(value)>;
    list.push_back({option.name, kTypeName<T>, option.flags, with_names(option.help, {}), nb::cast(value),
                    option.min, option.max});
  });
  return list;
}

/// The network that `hires_with` is, in memory; null where it is text.
std::shared_ptr<const Upscaler> network_in(const nb::dict& settings) {
  std::shared_ptr<Upscaler> network;
  const bool is_network =
      settings.contains("hires_with") && nb::try_cast(nb::object(settings["hires_with"]), network, false);
  return is_network ? network : nullptr;
}

}  // namespace

Settings settings_from_dict(const nb::dict& dict) {
  Settings settings;
  std::size_t known = 0;
  visit_settings(settings, [&](const Option& option, auto& value) {
    if (!dict.contains(option.name)) return;
    ++known;
    using Value = setting_value_t<decltype(value)>;
    const nb::object given = dict[option.name];
    // None leaves it to the model.
    if (!std::is_same_v<Value&, decltype(value)> && given.is_none()) return;
    value = read<Value>(option.name, given);
  });
  if (known == dict.size()) return settings;
  const nb::dict names = settings_to_dict(settings);
  for (const auto& [key, value] : dict) {
    if (!names.contains(key))
      throw invalid_input(nb::cast<std::string>(nb::str(key)), "there is no such setting");
  }
  return settings;
}

Request request_from_dict(const nb::dict& dict) {
  Request request;
  const auto settings = nb::steal<nb::dict>(PyDict_Copy(dict.ptr()));
  const auto take = [&]<class T>(const char* name, const T*& given) {
    given = nullptr;
    if (!settings.contains(name) || !nb::try_cast<const T*>(settings[name], given, false)) return false;
    nb::del(settings[name]);
    return given != nullptr;
  };
  const InputImage* image = nullptr;
  const Calibration* calibration = nullptr;
  for (const InputFile& input : input_pictures())
    if (take(input.name, image)) request.images.*input.picture = *image;
  if (take("dial", calibration)) request.dial = std::make_shared<const Dial>(calibration->dial);
  if (const auto network = network_in(settings)) {
    request.upscaler = network;
    settings["hires_with"] = network->name();
  }
  request.settings = settings_from_dict(settings);
  return request;
}

nb::dict settings_to_dict(const Settings& settings) {
  nb::dict dict;
  visit_settings(settings, [&](const Option& option, const auto& value) { dict[option.name] = value; });
  return dict;
}

void bind_settings(nb::module_& module) {
  nb::class_<Declared>(module, "Option", "How one setting is called and what it may be.")
      .def_ro("name", &Declared::name, "The keyword.")
      .def_ro("type", &Declared::type, "\"str\", \"int\", \"float\" or \"bool\".")
      .def_ro("flags", &Declared::flags, "The command line's word for it.")
      .def_ro("help", &Declared::help, "One line: meaning, unit, range.")
      .def_ro("default", &Declared::standard, "The value of a setting that is not given.")
      .def_ro("min", &Declared::min, "Smallest allowed number.")
      .def_ro("max", &Declared::max, "Largest allowed number.");
  module.def(
      "options", [] { return declared([](auto& s, auto&& v) { visit_settings(s, v); }, Settings()); },
      "Every setting of a picture, in the order people read them.");
  module.def(
      "model_options",
      [] { return declared([](auto& o, auto&& v) { visit_model_options(o, v); }, ModelOptions()); },
      "What the engine runs on; part of no picture's settings.");
  nb::class_<MethodInfo>(module, "MethodInfo", "What one method of turning the dial is and can do.")
      .def_ro("name", &MethodInfo::name, "As the setting `method` has it.")
      .def_ro("summary", &MethodInfo::summary, "One line.")
      .def_ro("acts_on_part", &MethodInfo::acts_on_part, "`style_mask` and `mask_words` are for it.")
      .def_ro("window", &MethodInfo::window, "`style_start` and `style_end` are for it.")
      .def_ro("edits", &MethodInfo::edits, "It edits the finished picture.")
      .def_ro("angle", &MethodInfo::angle, "It turns the encoding by an angle, perhaps `per_token`.")
      .def_ro("takes_dial", &MethodInfo::takes_dial, "`dial` is for it.")
      .def_ro("weakens", &MethodInfo::weakens, "It takes the style away, at positions below 0.")
      .def_ro("peer", &MethodInfo::peer, "Somebody else's dial, to compare with.");
  module.def("dial_methods", &dial_methods,
             "All methods that the setting `method` takes, the default first.");
}

}  // namespace latentdial::binding
