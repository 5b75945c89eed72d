// Package scan finds the models that other apps keep on this computer, or that lie in a folder.
//
// It knows where apps keep them and reads headers, not weights. It changes nothing, and a folder that can't be read has
// no models. Whether the library has a model already, and how it could share its files, is for the library to say.
package scan
