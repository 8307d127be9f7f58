/* For headers that ask for it: no program here has a list of arguments to walk through. */
#ifndef _STDARG_H
#define _STDARG_H
#endif
