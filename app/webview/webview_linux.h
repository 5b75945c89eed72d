// What webview_linux.go calls. Each runs on the window's loop, from whatever thread it is called.
#define WEBVIEW_TOO_LARGE 1

void webview_watch(void);
void webview_turn(void);
void webview_load(const char *address);
