Attribute VB_Name = "S6Ribbon"
Option Explicit
' The tab S6. Every button starts Python, which starts a process of its own and returns at once.

Public Sub S6_Press(control As IRibbonControl)
    S6_Run control.ID
End Sub

Public Sub S6_Run(action As String)
    Dim book As String
    On Error GoTo Failed
    If Not ActiveWorkbook Is Nothing Then book = Spelled(ActiveWorkbook.Name)
    RunPython "from s6xl.live import ribbon; ribbon.press('" & action & "', '" & book & "')"
    Exit Sub
Failed:
    MsgBox "S6 could not start Python: " & Err.Description & vbCrLf & vbCrLf & _
        "Run python -m s6xl doctor in a terminal: it says what is missing and how to get it.", vbExclamation, "S6"
End Sub

' A name as hexadecimal digits, four a letter: a command line may not hold the name itself.
Private Function Spelled(name As String) As String
    Dim k As Long
    For k = 1 To Len(name)
        Spelled = Spelled & Right$("000" & Hex$(CLng(AscW(Mid$(name, k, 1))) And &HFFFF&), 4)
    Next
End Function
