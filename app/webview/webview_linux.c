//go:build desktop

#include <webkit2/webkit2.h>

#include "_cgo_export.h"
#include "webview_linux.h"

static WebKitWebView *view;

static void find(GtkWidget *widget, gpointer data)
{
    if (WEBKIT_IS_WEB_VIEW(widget))
        view = WEBKIT_WEB_VIEW(widget);
    else if (GTK_IS_CONTAINER(widget))
        gtk_container_forall(GTK_CONTAINER(widget), find, data);
}

static void on_ended(WebKitWebView *from, WebKitWebProcessTerminationReason reason, gpointer data)
{
    if (reason == WEBKIT_WEB_PROCESS_TERMINATED_BY_API)
        return; // load() did
    webviewEnded(reason == WEBKIT_WEB_PROCESS_EXCEEDED_MEMORY_LIMIT ? WEBVIEW_TOO_LARGE : 0);
}

static gboolean watch(gpointer data)
{
    GList *windows = gtk_window_list_toplevels();
    for (GList *w = windows; w != NULL; w = w->next)
        find(GTK_WIDGET(w->data), NULL);
    g_list_free(windows);
    if (view != NULL)
        g_signal_connect(view, "web-process-terminated", G_CALLBACK(on_ended), NULL);
    return G_SOURCE_REMOVE;
}

static gboolean turn(gpointer data)
{
    webviewTurned();
    return G_SOURCE_REMOVE;
}

static gboolean load(gpointer address)
{
    if (view != NULL) {
        // One that hangs would not read that it should load.
        webkit_web_view_terminate_web_process(view);
        webkit_web_view_load_uri(view, address);
    }
    g_free(address);
    return G_SOURCE_REMOVE;
}

void webview_watch(void) { g_idle_add(watch, NULL); }
void webview_turn(void) { g_idle_add(turn, NULL); }
void webview_load(const char *address) { g_idle_add(load, g_strdup(address)); }
