# Run by latentdial_embed: writes OUTPUT with the bytes of FILES.
set(arrays "")
set(entries "")
set(index 0)
foreach(path IN LISTS FILES)
  get_filename_component(name ${path} NAME)
  file(READ ${path} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "const char file_${index}[] = {${bytes}};\n")
  string(APPEND entries "    {\"${name}\", {file_${index}, ${size}}},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"page_files.h\"\n\nnamespace latentdial::server {\nnamespace {\n${arrays}"
  "constexpr PageFile kFiles[] = {\n${entries}};\n}  // namespace\n"
  "std::span<const PageFile> page_files() { return kFiles; }\n}  // namespace latentdial::server\n")
