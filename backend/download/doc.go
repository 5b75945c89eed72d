// Package download keeps the list of downloads that a person asked for, and works through it, also after a restart.
//
// A Download is the items of one model and the Landing that they come to in the library. A Queue fetches them one after
// another, waits out what goes away by itself, and hands the files to its Finish. Below it, package web is the one
// client through which everything goes online, package source says what there is and where, and package transfer
// brings one file, whole and verified.
//
// Errors that a person should read are *backend.Error. Sizes are bytes.
package download
