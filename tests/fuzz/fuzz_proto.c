#include "tests/fuzz/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char first[] =
    "syntax = \"proto3\";\n"
    "message R { int32 a = 1; optional string b = 2; repeated int64 c = 3;"
    " map<string, bytes> d = 4; E e = 5; double f = 6;"
    " sint64 g = 7; fixed32 h = 8; bool i = 9; P p = 10;"
    " oneof o { int32 x = 11; string y = 12; P z = 13; } }\n"
    "message P { repeated int32 q = 1; float r = 2; }\n"
    "enum E { X = 0; Y = 5; }\n";
static const char nested[] =
    "syntax = \"proto3\";\npackage n;\nmessage A { message B {"
    " repeated string s = 1; uint64 t = 2; } repeated B b = 1;"
    " sfixed64 u = 3; }\n";
static const char older[] =
    "syntax = \"proto2\";\nmessage Q { required int32 a = 1;"
    " repeated int32 b = 2 [packed = true]; optional bytes c = 3; }\n";

static const char *const texts[] = { first, nested, older };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	trip(&protobuf_format, texts, sizeof texts / sizeof *texts,
	    (struct ps_slice){ data, size });
	return 0;
}
