package chatapi

// Schemas returns a zero value of the type of each schema in the document.
func Schemas() map[string]any {
	return map[string]any{
		"Session": openSessionResponse{}, "Posted": postMessageResponse{}, "ChatPage": messagesResponse{}, "Line": chatMessage{},
	}
}
