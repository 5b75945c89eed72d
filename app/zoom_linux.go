//go:build linux && production

package app

/*
#cgo linux pkg-config: gtk+-3.0
#cgo !webkit2_41 pkg-config: webkit2gtk-4.0
#cgo webkit2_41 pkg-config: webkit2gtk-4.1
#include <gtk/gtk.h>
#include <webkit2/webkit2.h>

static void zoom_below(GtkWidget *widget, gpointer level) {
	if (WEBKIT_IS_WEB_VIEW(widget)) {
		webkit_web_view_set_zoom_level(WEBKIT_WEB_VIEW(widget), *(gdouble *)level);
	} else if (GTK_IS_CONTAINER(widget)) {
		gtk_container_forall(GTK_CONTAINER(widget), zoom_below, level);
	}
}

static gboolean zoom_windows(gpointer level) {
	GList *windows = gtk_window_list_toplevels();
	for (GList *w = windows; w != NULL; w = w->next) {
		zoom_below(GTK_WIDGET(w->data), level);
	}
	g_list_free(windows);
	return G_SOURCE_REMOVE;
}

// zoom_later zooms on the main thread, which alone may touch widgets.
static void zoom_later(double level) {
	gdouble *kept = g_new(gdouble, 1);
	*kept = level;
	g_idle_add_full(G_PRIORITY_DEFAULT, zoom_windows, kept, g_free);
}
*/
import "C"

// windowZooms says that the web view zooms the page, with all that measures it: widths that styles ask for, places of menus
// and of the pointer.
const windowZooms = true

// zoomWindow shows the page at percent of its size. Wails has no call for it on Linux.
func zoomWindow(percent int) { C.zoom_later(C.double(percent) / 100) }
