/* What a compiler has of its own: sizes, and what is no address. offsetof is a word of the language. */
#ifndef _STDDEF_H
#define _STDDEF_H
typedef unsigned long size_t;
typedef long ptrdiff_t;
#ifdef __aarch64__
typedef unsigned int wchar_t;
#else
typedef int wchar_t;
#endif
#define NULL ((void *)0)
#endif
