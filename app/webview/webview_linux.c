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

// at is how much of an address says whose it is: up to the slash after the host.
static size_t at(const gchar *address)
{
    const gchar *host = strstr(address, "://");
    const gchar *end = host != NULL ? strchr(host + 3, '/') : NULL;
    return end != NULL ? (size_t)(end - address) + 1 : 0;
}

// Whatever is dropped or followed, no file and no other site takes the place of the page.
static gboolean on_policy(WebKitWebView *from, WebKitPolicyDecision *decision, WebKitPolicyDecisionType type, gpointer data)
{
    if (type != WEBKIT_POLICY_DECISION_TYPE_NAVIGATION_ACTION)
        return FALSE;
    WebKitNavigationAction *action = webkit_navigation_policy_decision_get_navigation_action(WEBKIT_NAVIGATION_POLICY_DECISION(decision));
    const gchar *to = webkit_uri_request_get_uri(webkit_navigation_action_get_request(action));
    const gchar *now = webkit_web_view_get_uri(from);
    if (now == NULL || at(now) == 0 || strncmp(now, to, at(now)) == 0 || g_str_has_prefix(to, "about:"))
        return FALSE;
    webkit_policy_decision_ignore(decision);
    return TRUE;
}

static gboolean watch(gpointer data)
{
    GList *windows = gtk_window_list_toplevels();
    for (GList *w = windows; w != NULL; w = w->next)
        find(GTK_WIDGET(w->data), NULL);
    g_list_free(windows);
    if (view != NULL) {
        g_signal_connect(view, "web-process-terminated", G_CALLBACK(on_ended), NULL);
        g_signal_connect(view, "decide-policy", G_CALLBACK(on_policy), NULL);
    }
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
