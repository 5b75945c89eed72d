// Package platform knows where this operating system keeps an app's files, and makes sure that one data folder has
// one owner.
package platform
